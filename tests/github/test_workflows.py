"""What the workflows hold: what they run, with what, and what stops them. Their own steps run here, with stubs."""

import os
import shlex
import subprocess

import pytest
import yaml

from tests.conftest import ROOT

COMPOSITE = "$/.github/actions/pulumi"
FLAGS = "--non-interactive --color never"
SUMMARY = 'ARGS=--summary "$$GITHUB_STEP_SUMMARY"'


def jobs(workflow):
    return yaml.safe_load((ROOT / f".github/workflows/{workflow}.yml").read_text())["jobs"]


ACTION = yaml.safe_load((ROOT / ".github/actions/pulumi/action.yml").read_text())
PULL_REQUEST, DEPLOY, NIGHTLY = jobs("pull-request"), jobs("deploy"), jobs("nightly")
JOBS = {
    f"{name}.{job}": its
    for name, all_jobs in (("pull-request", PULL_REQUEST), ("deploy", DEPLOY), ("nightly", NIGHTLY))
    for job, its in all_jobs.items()
}
WITH_CREDENTIALS = [name for name, job in JOBS.items() if job["permissions"].get("id-token") == "write"]


def runs(job):
    return [step["run"] for step in job["steps"] if "run" in step]


def run(script, folder, **environment):
    """Run a step's script as GitHub does; return its code and what it printed."""
    result = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        cwd=folder,
        env={"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}", "RUNNER_TEMP": f"{folder}/temp", **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    return result.returncode, result.stdout


def step(job, part):
    (script,) = [script for script in runs(job) if part in script]
    return script


def test_required_needs_every_other_job_and_always_runs():
    required = PULL_REQUEST["required"]

    assert {*required["needs"]} == PULL_REQUEST.keys() - {"required"}
    assert required["if"] == "always()"
    assert required["steps"][0]["env"]["RESULTS"] == "${{ join(needs.*.result, ' ') }}"
    assert required["permissions"] == {}


@pytest.mark.parametrize("result", ["failure", "cancelled", "skipped"])
def test_required_fails_unless_every_job_succeeded(tmp_path, result):
    script = step(PULL_REQUEST["required"], "RESULTS")
    here = {"HEAD": "us/data", "GITHUB_REPOSITORY": "us/data"}

    assert run(script, tmp_path, **here, RESULTS="success success success") == (0, "")
    results = f"success {result} success"
    assert run(script, tmp_path, **here, RESULTS=results) == (1, f"::error::Not every job succeeded: {results}\n")


def test_required_tells_a_fork_why_it_fails(tmp_path):
    script = step(PULL_REQUEST["required"], "RESULTS")

    code, out = run(script, tmp_path, HEAD="them/data", GITHUB_REPOSITORY="us/data", RESULTS="success success skipped")

    assert code == 1
    why = "::error::A fork gets no credentials, so prod was not previewed. Push this to a branch of us/data."
    assert out.splitlines()[0] == why


def commands(lines):
    """Return the commands that reach Pulumi, AWS or ops, in words, without where their output goes."""
    told = [line.partition(" 2>&1 | tee ")[0].partition(" >> ")[0].strip() for line in lines]
    return [shlex.split(line) for line in told if line.startswith(("state=", "printf '%s'", "pulumi ", ".venv/bin/"))]


def made(*arguments):
    """Return those commands of what make runs."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    out = subprocess.run(
        ["make", "--dry-run", "--no-print-directory", "--old-file=.venv/installed", "STACK=prod", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return commands(out.replace("\\\n", " ").replace(" && ", "\n").splitlines())


def worked(job):
    return commands(line for script in runs(job) for line in script.splitlines())


@pytest.mark.parametrize("job", [PULL_REQUEST["preview"], DEPLOY["plan"]], ids=["preview", "plan"])
def test_what_is_previewed_is_what_make_preview_previews(job):
    assert worked(job) == made("preview", f"ARGS={FLAGS} --diff")
    assert len(worked(job)) == 3
    assert runs(job)[0].startswith("make --no-print-directory .stack STACK=prod\nstate=")
    for script in runs(job)[:2]:
        # Else tee's success hides the failure of what it follows.
        assert next(step for step in job["steps"] if step.get("run") == script)["shell"] == "bash"


def test_what_is_deployed_is_what_make_deploy_deploys():
    assert worked(DEPLOY["deploy"]) == [
        *made("deploy", f"ARGS=--yes {FLAGS}"),
        *made("verify", SUMMARY),
    ]


def test_the_other_commands_are_those_of_make():
    assert worked(PULL_REQUEST["evolve"]) == made("evolve", "BASE=HEAD^1", SUMMARY)
    assert worked(PULL_REQUEST["rehearse"]) == made("rehearse", f"{SUMMARY} --sarif rehearsal.sarif")
    assert worked(NIGHTLY["verify"]) == [*made("verify", SUMMARY), *made("analyze")]


def test_a_state_that_cannot_be_read_or_a_refused_change_stops_the_preview(tmp_path):
    script = runs(PULL_REQUEST["preview"])[0]
    (tmp_path / ".venv/bin").mkdir(parents=True)

    def stub(name, text):
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)

    stub("make", "true")
    stub("pulumi", "echo STATE")
    stub(".venv/bin/python", "cat")
    assert run(script, tmp_path) == (0, "STATE")
    stub(".venv/bin/python", "cat; exit 1")
    assert run(script, tmp_path) == (1, "STATE")
    assert (tmp_path / "evolve.txt").read_text() == "STATE"
    stub("pulumi", "exit 6")
    assert run(script, tmp_path) == (6, "")
    stub("make", "exit 2")
    assert run(script, tmp_path) == (2, "")


def put(path, kind):
    path.parent.mkdir(parents=True, exist_ok=True)
    if kind == "file":
        path.write_text("the plan")
    elif kind == "folder":
        path.mkdir()
        (path / "Makefile").write_text("all:\n")
    elif kind == "link":
        (path.parent / "other").write_text("other")
        path.symlink_to(path.parent / "other")


@pytest.mark.parametrize("kind", ["file", "folder", "link", "nothing"])
def test_only_a_file_is_a_plan(tmp_path, kind):
    code = 0 if kind == "file" else 1
    upload, download = step(DEPLOY["plan"], "install -D"), step(DEPLOY["deploy"], "cp ")
    artifact = next(step for step in DEPLOY["plan"]["steps"] if "upload-artifact" in step.get("uses", ""))["with"]
    assert artifact["path"] == "${{ runner.temp }}/plan/plan.json"

    (tmp_path / "there").mkdir()
    put(tmp_path / "there/.plan-prod.json", kind)
    assert run(upload, tmp_path / "there") == (code, "")
    sent = tmp_path / "there/temp"
    assert [file.name for file in sent.rglob("*")] == ([] if code else ["plan", "plan.json"])

    put(tmp_path / "here/temp/plan/plan.json", kind)
    assert run(download, tmp_path / "here") == (code, "")
    got = [file.name for file in (tmp_path / "here").iterdir()]
    assert got == ["temp"] if code else (tmp_path / "here/.plan-prod.json").read_text() == "the plan"


def test_the_artifact_stays_apart_and_the_plan_comes_after_the_set_up():
    steps = DEPLOY["deploy"]["steps"]
    kinds = [next((part for part in ("gh api", "download-artifact", COMPOSITE, "cp ", "pulumi up", "ops verify")
                   if part in step.get("run", step.get("uses", ""))), None) for step in steps]  # fmt: skip

    assert kinds[1:] == ["gh api", "download-artifact", COMPOSITE, "cp ", "pulumi up", "ops verify"]
    assert steps[2]["with"]["path"] == "${{ runner.temp }}/plan"


@pytest.mark.parametrize("main", ["planned", "other"])
def test_what_main_has_left_behind_is_not_deployed(tmp_path, main):
    (tmp_path / "gh").write_text(f"#!/bin/sh\necho {main}\n")
    (tmp_path / "gh").chmod(0o755)
    summary = tmp_path / "summary"
    summary.touch()

    code, out = run(
        *(step(DEPLOY["deploy"], "gh api"), tmp_path),
        GITHUB_REPOSITORY="us/data",
        GITHUB_SHA="planned",
        GITHUB_STEP_SUMMARY=str(summary),
    )

    message = (
        "Not deployed: main has moved on from planned, which was planned, to other. Approve the run of that commit.\n"
    )
    expected = (0, "", "") if main == "planned" else (1, f"::error::{message}", message)
    assert (code, out, summary.read_text()) == expected


def test_only_the_rehearsal_may_write_and_only_to_code_scanning():
    writes = {
        (name, scope) for name, job in JOBS.items() for scope, may in job["permissions"].items() if may == "write"
    }
    upload = PULL_REQUEST["rehearse"]["steps"][-1]

    assert writes == {("pull-request.rehearse", "security-events"), *((name, "id-token") for name in WITH_CREDENTIALS)}
    assert upload["uses"].startswith("github/codeql-action/upload-sarif@")
    # Also where the rehearsal failed: then most of all.
    assert upload["if"] == "always() && hashFiles('rehearsal.sarif') != ''"
    assert upload["with"] == {"sarif_file": "rehearsal.sarif"}


def test_jobs_with_credentials_install_what_the_program_needs_and_no_more():
    assert {*WITH_CREDENTIALS} == {"pull-request.preview", "deploy.plan", "deploy.deploy", "nightly.verify"}
    assert ACTION["inputs"]["requirements"]["default"] == "requirements.txt"
    for name in WITH_CREDENTIALS:
        (composite,) = [step for step in JOBS[name]["steps"] if step.get("uses") == COMPOSITE]
        assert composite["with"].keys() == {"role"}
        # make would install what development needs.
        assert [script for script in runs(JOBS[name]) if "make" in script.replace(".stack", "")] == [
            script for script in runs(JOBS[name]) if script.startswith("make --no-print-directory .stack STACK=prod\n")
        ]


def test_jobs_without_credentials_take_no_role():
    for name in JOBS.keys() - {*WITH_CREDENTIALS}:
        assert all("role" not in step.get("with", {}) for step in JOBS[name]["steps"])


def test_everything_is_installed_before_there_are_credentials():
    does = [step.get("run") or step["uses"].partition("@")[0] for step in ACTION["runs"]["steps"]]

    assert does == [
        "actions/setup-python",
        "make setup",
        ".github/actions/pulumi/pulumi.sh cli",
        ".github/actions/pulumi/pulumi.sh plugin",
        "aws-actions/configure-aws-credentials",
    ]
    # A role of an unset variable is empty, and must fail rather than be left out.
    assert ACTION["runs"]["steps"][-1]["if"] == "inputs.role != 'none'"


def test_main_is_checked_with_what_a_pull_request_is_checked_with():
    with_python, default = PULL_REQUEST["check"]["steps"][1], ACTION["inputs"]["python"]["default"]

    assert DEPLOY["check"]["steps"][1] == {
        "uses": COMPOSITE,
        "with": {name: value for name, value in with_python["with"].items() if name != "python"},
    }
    assert default in PULL_REQUEST["check"]["strategy"]["matrix"]["python"]
    assert runs(DEPLOY["check"]) == ["make check"]
    assert runs(PULL_REQUEST["check"]) == ["make check", "make actionlint"]


def test_each_night_the_engine_runs_with_the_real_plugin():
    engine = NIGHTLY["engine"]

    assert engine["steps"][1]["with"] == {"requirements": "requirements-dev.txt"}
    assert ACTION["inputs"]["plugin"]["default"] == "true"
    assert runs(engine) == ["make test ARGS=tests/engine"]


def test_every_file_has_an_owner_and_every_action_is_renewed():
    owners = (ROOT / ".github/CODEOWNERS").read_text().splitlines()
    updates = yaml.safe_load((ROOT / ".github/dependabot.yml").read_text())["updates"]

    assert [line.split()[0] for line in owners if line and line[0] != "#"] == ["*"]
    assert {update["package-ecosystem"] for update in updates} == {"github-actions", "pip"}
    assert all(update["groups"] and update["cooldown"] for update in updates)
    assert updates[0]["directories"] == ["/", "/.github/actions/*"]
