"""Programs that don't do what programs do; the command, run as a process, ends well and leaves nothing behind."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ops import plan
from tests.conftest import ROOT

PACK = """
import os
from pathlib import Path
from pulumi_policy import EnforcementLevel, PolicyPack, ResourceValidationPolicy
Path("process").write_text(str(os.getpid()))
def validate(args, report_violation):
    {body}
PolicyPack("demo", [ResourceValidationPolicy("p", "d", validate)], EnforcementLevel.MANDATORY)
"""


@pytest.fixture
def pack(tmp_path):
    folder = tmp_path / "policies"
    folder.mkdir()
    (folder / "PulumiPolicy.yaml").write_text("runtime: python\n")
    (folder / "__main__.py").write_text(PACK.format(body="pass"))
    return folder


def start(stack, *arguments):
    command = [sys.executable, "-m", "ops", "rehearse", "--json", "--cwd", str(stack.directory), *arguments]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def ended(pid):
    """Wait until a process is gone."""
    for _ in range(100):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False


def pack_of(folder):
    """Wait until the pack's process has told its number."""
    for _ in range(200):
        if (folder / "process").exists() and (folder / "process").read_text():
            return int((folder / "process").read_text())
        time.sleep(0.05)
    raise TimeoutError


@pytest.mark.parametrize(
    ("source", "code", "message"),
    [
        (
            "import os; os._exit(0)",
            *(1, "error: the program ended itself with exit code 0; a Pulumi program returns when it is done\n"),
        ),
        ("raise KeyboardInterrupt", 130, "interrupted\n"),
        ("import os, sys\nif not os.fork(): sys.exit(3)\npulumi.export('a', 1)", 0, ""),
        (
            "import multiprocessing as m\np = m.get_context('fork').Process(target=print, args=(1,))\np.start()\n"
            "p.join()\npulumi.export('a', p.exitcode + 1)",
            *(0, "1\n"),
        ),
    ],
)
def test_a_program_that_ends_or_forks_gives_one_answer_or_none(program, pack, source, code, message):
    process = start(program(source))
    out, err = process.communicate(timeout=60)

    assert (process.returncode, err[: len(message)]) == (code, message)
    assert (json.loads(out)["outputs"] if out else None) == (None if code else {"a": 1})
    assert ended(pack_of(pack))


def test_a_program_of_many_resources_is_recorded_whole(program):
    stack = program("for n in range(500): pulumi.ComponentResource('demo:index:Thing', f'thing-{n}')")

    assert [resource.name for resource in plan.record(stack).resources[1:]] == [f"thing-{n}" for n in range(500)]


def test_nothing_of_the_pack_outlives_a_rehearsal_that_is_killed(program, pack):
    child = "import subprocess; Path('child').write_text(str(subprocess.Popen(['sleep', '60']).pid))"
    (pack / "__main__.py").write_text(PACK.format(body="pass").replace("def validate", f"{child}\ndef validate"))
    process = start(program("import time; time.sleep(60)"))
    server = pack_of(pack)
    process.kill()
    process.communicate()

    assert ended(server)
    assert ended(int((pack / "child").read_text()))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_even_a_call_of_the_pack_at_once(program, pack, number):
    (pack / "__main__.py").write_text(PACK.format(body="Path('called').touch(); __import__('time').sleep(60)"))
    process = start(program("pulumi.ComponentResource('demo:index:Thing', 'thing')"))
    server = pack_of(pack)
    while not (pack / "called").exists():
        time.sleep(0.05)
    process.send_signal(number)

    assert (process.communicate(timeout=10), process.returncode) == (("", "interrupted\n"), 130)
    assert ended(server)


@pytest.mark.parametrize("seconds", [0.3, 0.8, 1.3])
def test_an_interrupt_at_any_moment_leaves_all_of_the_answer_or_nothing(program, pack, seconds):
    process = start(program("pulumi.ComponentResource('demo:index:Thing', 'thing')"))
    time.sleep(seconds)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)

    assert process.returncode in {0, 130, -signal.SIGINT}
    assert json.loads(out)["ok"] if process.returncode == 0 else out == ""
    assert process.returncode != 130 or err.endswith("interrupted\n")
    if (pack / "process").exists():
        assert ended(pack_of(pack))


def test_a_reader_that_has_read_enough_is_no_error(program):
    process = start(program("for n in range(3000): pulumi.export(f'output-{n}', 'x' * 100)"))
    assert process.stdout
    assert process.stderr
    assert process.stdout.readline() == "{\n"
    process.stdout.close()

    assert (process.wait(timeout=30), process.stderr.read()) == (1, "")
    process.stderr.close()


def test_a_program_that_catches_everything_is_ended(program):
    source = """
        import time
        while True:
            try:
                time.sleep(60)
            except BaseException:
                pass
        """
    stack = program(source)
    record = f"plan.record(project.load(Path({str(stack.directory)!r}), 'dev'), patience=1)"
    # The import first: on a busy machine it alone takes longer than that.
    command = [
        sys.executable,
        "-c",
        f"import pulumi_aws; from pathlib import Path; from ops import plan, project; {record}",
    ]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert (result.returncode, result.stderr) == (
        *(1, "error: the program does not end, and catches whatever would end it\n"),
    )
