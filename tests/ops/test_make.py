"""What make runs of the Pulumi CLI; here a CLI that only echoes."""

import os
import shutil
import subprocess

import pytest

from tests.conftest import ROOT

CLI = """#!/bin/sh
case "$*" in
    *"--stack gone"*) echo "error: no stack named 'gone' found" >&2; exit 6;;
    "config get"*protect_tables) echo $PROTECTS;;
    "config get"*allowedAccountIds) echo "$ACCOUNTS"; test -n "$ACCOUNTS";;
    preview*) touch .plan-live.json .plan-new.json;;
esac
case "$1" in config) ;; *) echo "pulumi $*";; esac
"""
# What make runs of ops: it echoes its arguments and what it reads, and refuses the changes of one stack.
OPS = """#!/bin/sh
echo "$*: $(cat)"
case "$*" in *"--stack dangerous"*) exit 1;; esac
"""
EVOLVE = "-m ops evolve --stack live --state -: pulumi stack export --stack live"
PACK = "--policy-pack policies --policy-pack-config policies/config/live.json"
PREVIEW = f"pulumi preview --stack live {PACK} --save-plan .plan-live.json"
UP = f"pulumi up --stack live {PACK} --plan .plan-live.json --skip-preview --yes"
HINT = "To deploy exactly this plan: make deploy STACK=live"
NAMED = '["123456789012"]'
REFUSED = f"live protects its tables: set aws:allowedAccountIds in Pulumi.live.yaml to the account that they are in, as {NAMED}"


@pytest.fixture
def make(tmp_path):
    """Return a function that runs make in a copy of the Makefile: its code, and the lines that are not make's own."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "requirements-dev.txt").touch()
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / ".venv/installed").touch()
    for name, script in (("pulumi", CLI), (".venv/bin/python", OPS)):
        (tmp_path / name).write_text(script)
        (tmp_path / name).chmod(0o755)
    (tmp_path / "policies/config").mkdir(parents=True)
    (tmp_path / "policies/config/live.json").touch()

    def run(*arguments, protects="true", accounts=NAMED, answer=""):
        path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
        # Not what a make check that runs the tests has set for makes within it.
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
        environment |= {"PATH": path, "PROTECTS": protects, "ACCOUNTS": accounts}
        command = ["make", "--no-print-directory", *arguments]
        result = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, input=answer, check=False
        )
        errors = [line for line in result.stderr.splitlines() if not line.startswith("make")]
        return result.returncode, result.stdout.splitlines(), errors

    return run


@pytest.mark.parametrize("accounts", ["", "[]", '["000000000000"]', "[123456789012]", '["prod"]'])
def test_a_protected_stack_without_an_account_is_refused(make, accounts):
    assert make("preview", "STACK=live", accounts=accounts) == (2, [], [REFUSED])


@pytest.mark.parametrize(
    ("protects", "accounts"),
    [
        pytest.param("true", NAMED, id="an account"),
        pytest.param("true", '["000000000001","123456789012"]', id="two"),
        pytest.param("false", "", id="no protection"),
    ],
)
def test_a_preview_saves_its_plan_and_says_how_to_deploy_it(make, protects, accounts):
    assert make("preview", "STACK=live", protects=protects, accounts=accounts) == (0, [EVOLVE, PREVIEW, HINT], [])


def test_a_stack_that_the_cli_does_not_have_can_be_made(make):
    missing = "policies/config/gone.json is missing: every policy has its default level and options"

    assert make("preview", "STACK=gone") == (
        *(2, []),
        [missing, "error: no stack named 'gone' found", "To create the stack: pulumi stack init gone"],
    )


def test_a_stack_without_a_configuration_of_its_policies_has_the_packs_defaults(make):
    assert make("preview", "STACK=new") == (
        0,
        [
            EVOLVE.replace("live", "new"),
            "pulumi preview --stack new --policy-pack policies --save-plan .plan-new.json",
            "To deploy exactly this plan: make deploy STACK=new",
        ],
        ["policies/config/new.json is missing: every policy has its default level and options"],
    )


def test_a_change_that_evolve_refuses_is_not_previewed(make):
    config = "policies/config/dangerous.json is missing: every policy has its default level and options"

    assert make("up", "STACK=dangerous") == (2, [EVOLVE.replace("live", "dangerous")], [config])


@pytest.mark.parametrize(
    ("base", "ref"), [pytest.param("BASE=v1", "v1", id="given"), pytest.param("BASE=", "main", id="without a remote")]
)
def test_evolve_compares_with_a_base(make, base, ref):
    assert make("evolve", "STACK=live", base) == (0, [f"-m ops evolve --stack live --base {ref}: "], [])


def test_without_a_plan_nothing_is_deployed(make):
    assert make("deploy", "STACK=live") == (2, [], ["no plan for live: make preview STACK=live makes one"])


QUESTION = "Deploy this plan to live? [yes/no] "


@pytest.mark.parametrize(
    ("answer", "code", "deployed"),
    [
        pytest.param("yes\n", 0, f"{QUESTION}{UP}", id="yes"),
        pytest.param("no\n", 2, QUESTION, id="no"),
        pytest.param("", 2, QUESTION, id="nobody"),
    ],
)
def test_up_previews_asks_and_deploys_that_plan(make, answer, code, deployed):
    assert make("up", "STACK=live", answer=answer) == (code, [EVOLVE, PREVIEW, HINT, deployed], [])


def test_who_says_yes_before_is_not_asked(make):
    assert make("up", "STACK=live", "ARGS=--yes --refresh") == (
        *(0, [EVOLVE, f"{PREVIEW} --refresh", HINT, f"{UP} --refresh"]),
        [],
    )


def test_help_names_every_target_that_a_person_calls(make):
    code, lines, _ = make("help")

    assert code == 0
    assert {line.split()[0] for line in lines} >= {
        *("setup", "rehearse", "evolve", "preview", "up", "deploy", "analyze", "verify", "adopt"),
        *("test", "check", "actionlint", "format", "bench", "docs", "lock", "pins"),
    }


def test_other_requirements_than_those_installed_are_installed_and_the_same_are_not(make, tmp_path):
    (tmp_path / "requirements.txt").touch()
    for name in ("pip", "uv"):
        (tmp_path / ".venv/bin" / name).write_text(f'#!/bin/sh\ntest "$1" = install || echo {name} "$@"\n')
        (tmp_path / ".venv/bin" / name).chmod(0o755)
    sync = "uv pip sync --quiet --require-hashes --no-build --python .venv/bin/python"

    nothing = ["make: Nothing to be done for 'setup'."]

    # An empty stamp is that of requirements-dev.txt.
    assert make("setup") == (0, nothing, [])
    assert make("setup", "REQUIREMENTS=requirements.txt") == (0, [f"{sync} requirements.txt"], [])
    assert make("setup", "REQUIREMENTS=requirements.txt") == (0, nothing, [])
    assert make("setup") == (0, [f"{sync} requirements-dev.txt"], [])
    assert make("setup") == (0, nothing, [])
