"""The documents in docs/deploying.md: they allow the calls that are made, and nothing else."""

import ast
import fnmatch
import json
import re
import runpy

import boto3
import pytest
from botocore import xform_name
from moto.core import set_initial_no_auth_action_count

from ops.__main__ import main
from ops.adopt import adopt
from ops.aws import emulator
from ops.verify import verify
from tests import programs
from tests.conftest import ROOT
from tests.ops.accounts import ACCOUNT, ALARMS, REGION, TRIGGER, deployed

PERMISSIONS = runpy.run_path(str(ROOT / "docs/ci_permissions.py"))
PAGE = (ROOT / "docs/deploying.md").read_text()
SERVICES = ("dynamodb", "application-autoscaling", "cloudwatch", "kms", "lambda")


def shown(marker):
    """Return the document on the page, for moto's account."""
    [text] = re.findall(f"<!-- {marker} -->\n```json\n(.*?)```", PAGE, re.DOTALL)
    return json.loads(text.replace(":ACCOUNT:", ":123456789012:"))


def listed(value):
    return value if isinstance(value, list) else [value]


def actions(document, effect="Allow"):
    return {a for each in document["Statement"] if each["Effect"] == effect for a in listed(each["Action"])}


def recorded(clients):
    """Return a list that gets each call: its action, and the ARN or the name of the table that it is about."""
    calls = []
    for service in SERVICES:

        def record(params, model, service=service, **_):
            calls.append((f"{service}:{model.name}", params.get("ResourceArn", params.get("TableName"))))

        clients(service).meta.events.register(f"provide-client-params.{service}", record, f"record-{service}")
    return calls


def allowed(document, action, about):
    """Tell whether a document allows an action on a table."""
    arn = (
        about if about is None or about.startswith("arn:") else f"arn:aws:dynamodb:{REGION}:123456789012:table/{about}"
    )
    return any(
        action in listed(statement["Action"]) and (arn is None or fnmatch.fnmatchcase(arn, resource))
        for statement in document["Statement"]
        for resource in listed(statement["Resource"])
    )


STACK = programs.stack("prod", ACCOUNT, ALARMS, TRIGGER)


@pytest.mark.usefixtures("in_process")
@pytest.mark.parametrize(
    "command", [verify, lambda *arguments: adopt(*arguments, frozenset())], ids=["verify", "adopt"]
)
def test_verify_and_adopt_make_the_calls_that_are_allowed(command):
    with deployed(ALARMS, TRIGGER) as (_, clients):
        calls = recorded(clients)
        command(STACK, REGION, clients)
    document = shown("verify")

    assert {action for action, _ in calls} == actions(document)
    assert [call for call in calls if not allowed(document, *call)] == []
    assert {about for _, about in calls if about} & {"Users", f"arn:aws:dynamodb:{REGION}:123456789012:table/Users"}


def test_only_what_has_no_resource_is_allowed_on_everything():
    for document in (shown("verify"), shown("deploy")):
        for statement in document["Statement"]:
            assert ("*" in listed(statement["Resource"])) == (
                statement["Effect"] == "Deny"
                or listed(statement["Action"])[0]
                in {
                    "application-autoscaling:DescribeScalableTargets",
                    "lambda:CreateEventSourceMapping",
                    "iam:CreateServiceLinkedRole",
                }
            )


def updates():
    """Return the actions of the calls that a change takes, as ops/aws/updates.py makes them."""
    session = boto3.Session(region_name=REGION)
    found = set()
    for node in ast.walk(ast.parse((ROOT / "ops/aws/updates.py").read_text())):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Call":
            service, method = (ast.literal_eval(argument) for argument in node.args[:2])
            names = session.client(service).meta.method_to_api_mapping
            found.add(f"{service}:{names[method]}")
    return found


def test_a_deployment_makes_the_calls_that_are_allowed():
    with emulator.embedded(REGION) as clients:
        calls = recorded(clients)
        programs.rehearse(STACK, clients)
    creates = {action for action, _ in calls} - actions(shown("verify"))
    changes = {action for group in PERMISSIONS["CHANGE"].values() for action in group}

    # A rehearsal makes the key and the function that are there already. It waits for no mapping.
    assert {
        a for a in creates if a.startswith(("dynamodb:", "application-", "cloudwatch:", "lambda:CreateEvent"))
    } | updates() == (changes | {*PERMISSIONS["DENIED"]})
    assert actions(shown("deploy"), "Deny") == {*PERMISSIONS["DENIED"], *PERMISSIONS["ITEMS"]}
    assert not actions(shown("deploy")) & {*PERMISSIONS["DENIED"]}


@pytest.mark.parametrize("marker", ["verify", "deploy"])
def test_aws_has_each_action(marker):
    session = boto3.Session(region_name=REGION)
    for action in actions(shown(marker)):
        service, _, operation = action.partition(":")
        names = session.client(service).meta.method_to_api_mapping
        # To IAM, the tags of scalable targets are those of any resource.
        assert names.get(xform_name(operation)) == operation


@pytest.fixture
def run_as(capsys, monkeypatch, in_process):  # noqa: ARG001 - it is enough that it is there
    """Return a function that runs verify as a user with a document, in an account that checks permissions."""

    def run(document):
        with deployed(ALARMS, TRIGGER) as (_, clients):
            iam = clients("iam")
            iam.create_user(UserName="ci")
            iam.put_user_policy(UserName="ci", PolicyName="verify", PolicyDocument=json.dumps(document))
            key = iam.create_access_key(UserName="ci")["AccessKey"]
            # moto signs a request with a query, as those of Lambda, otherwise than AWS does.
            monkeypatch.setattr("moto.iam.access_control.IAMRequestBase.check_signature", lambda _: None)
            monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
            monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
            arguments = [
                "verify",
                "--cwd",
                str(ROOT),
                "--stack",
                "prod",
                "--config",
                ACCOUNT,
                *("--config", ALARMS),
                "--config",
                TRIGGER,
            ]
            code = set_initial_no_auth_action_count(0)(main)(arguments)
        return code, *capsys.readouterr()

    return run


def in_moto(action):
    """Return an action as moto names it: to moto, CloudWatch's service is called as its host is."""
    return action.replace("cloudwatch:", "monitoring:")


def everywhere(document, without=""):
    """Return a document without an action, for all resources: moto knows no others."""
    kept = [in_moto(action) for action in sorted(actions(document) - {without})]
    return document | {"Statement": [{"Effect": "Allow", "Action": kept, "Resource": "*"}]}


def test_verify_runs_with_the_document(run_as):
    code, out, err = run_as(everywhere(shown("verify")))

    assert (code, out[:14], err) == (0, "no difference:", "")


@pytest.mark.parametrize("action", sorted(actions(shown("verify"))))
def test_without_one_of_its_actions_verify_names_it(run_as, action):
    code, out, err = run_as(everywhere(shown("verify"), without=action))

    assert (code, out) == (1, "")
    assert len(err.splitlines()) == 1
    assert f"not authorized to perform: {in_moto(action)}" in err
