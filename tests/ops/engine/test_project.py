from pathlib import Path

import pytest

from ops.engine import project
from ops.errors import CallError


def write(folder, project_file="name: demo", stack_file=""):
    (folder / "Pulumi.yaml").write_text(project_file)
    (folder / "Pulumi.dev.yaml").write_text(stack_file)


def test_a_stack_has_the_defaults_of_the_project_then_its_own_values_then_those_of_the_call(tmp_path):
    write(
        tmp_path,
        """
        name: demo
        config:
          aws:region: {value: eu-west-1}
          size: {type: integer, default: 5}
          on: {type: boolean, default: true}
          required: {type: string}
          short: text
        """,
        "config: {'demo:size': 6, 'demo:list': [1, {a: b}], 'demo:ratio': 0.5, 'demo:word': yes, 'demo:day': 2026-01-01, 'demo:none': null}",
    )

    assert project.load(tmp_path, "dev", ["size=7", "aws:profile=a=b"]) == project.Stack(
        tmp_path,
        "demo",
        "dev",
        {
            "aws:region": "eu-west-1",
            "demo:size": "7",
            "demo:on": "true",
            "demo:short": "text",
            "demo:list": '[1, {"a": "b"}]',
            "demo:ratio": "0.5",
            "demo:word": "yes",
            "demo:day": "2026-01-01",
            "demo:none": "",
            "aws:profile": "a=b",
        },
    )


@pytest.mark.parametrize("value", ["{secure: AAAB}", "{deep: [{secure: AAAB}]}"], ids=["itself", "in a list"])
def test_an_encrypted_value_is_refused_unless_given(tmp_path, value):
    write(tmp_path, stack_file=f"config: {{'demo:token': {value}}}")

    assert project.load(tmp_path, "dev", ["token=given"]).config == {"demo:token": "given"}
    assert project.load(tmp_path, "dev", ["token=given"]).secret_keys == {"demo:token"}
    with pytest.raises(CallError) as error:
        project.load(tmp_path, "dev")
    assert str(error.value) == (
        "demo:token is encrypted in Pulumi.dev.yaml, and only Pulumi can decrypt it; add --config demo:token=VALUE"
    )


NOT_A_MAPPING = ", or its config:, is not a mapping of keys to values"


@pytest.mark.parametrize(
    ("project_file", "stack_file", "message"),
    [
        pytest.param("", "", "Pulumi.yaml has no name: for the project", id="an empty project"),
        pytest.param("- name", "", f"Pulumi.yaml{NOT_A_MAPPING}", id="a list"),
        pytest.param("name: [demo]", "", "Pulumi.yaml has no name: for the project", id="a name that is a list"),
        pytest.param(
            "name: demo", "config: 5", f"Pulumi.dev.yaml{NOT_A_MAPPING}", id="a configuration that is a number"
        ),
        pytest.param(
            "name: demo",
            "a: b: c",
            "Pulumi.dev.yaml can't be read: mapping values are not allowed here",
            id="no YAML",
        ),
        pytest.param(
            "name: demo", "config: {a: 1, a: 2}", "Pulumi.dev.yaml can't be read: duplicate key", id="a key twice"
        ),
        pytest.param(
            "name: demo",
            "config: {1: a, '1': b}",
            "Pulumi.dev.yaml can't be read: duplicate key",
            id="a key twice as text",
        ),
    ],
)
def test_a_file_that_is_no_stack_is_refused(tmp_path, project_file, stack_file, message):
    write(tmp_path, project_file, stack_file)

    with pytest.raises(CallError) as error:
        project.load(tmp_path, "dev")
    assert str(error.value).startswith(f"{tmp_path}/{message}")


@pytest.mark.parametrize("name", ["", "a/b", "../dev", "x" * 101])
def test_a_name_that_no_stack_can_have_is_refused(tmp_path, name):
    write(tmp_path)

    with pytest.raises(CallError) as error:
        project.load(tmp_path, name)
    assert str(error.value) == f"{name!r} is not a stack's name, which has up to 100 characters of A-Za-z0-9_.-"


def test_an_unknown_stack_is_refused_and_the_known_ones_are_named(tmp_path):
    write(tmp_path)

    with pytest.raises(CallError) as error:
        project.load(tmp_path, "live")
    assert str(error.value) == "the stack 'live' has no Pulumi.live.yaml; the stacks here: dev"


def test_a_folder_without_a_project_is_refused(tmp_path):
    with pytest.raises(CallError) as error:
        project.load(tmp_path, "dev")
    assert str(error.value) == f"no {tmp_path}/Pulumi.yaml; run this in the project's folder, or set that with --cwd"


@pytest.mark.parametrize("override", ["size", "=5"])
def test_an_override_that_is_no_pair_is_refused(tmp_path, override):
    write(tmp_path)

    with pytest.raises(CallError) as error:
        project.load(tmp_path, "dev", [override])
    assert str(error.value) == f"--config {override!r} is not KEY=VALUE"


def stack(accounts):
    return project.Stack(Path(), "demo", "dev", {"aws:allowedAccountIds": accounts} if accounts is not None else {})


@pytest.mark.parametrize(
    ("accounts", "allowed", "has_account"),
    [
        pytest.param(None, [], False, id="none"),
        pytest.param("", [], False, id="empty"),
        pytest.param("[]", [], False, id="an empty list"),
        pytest.param('["000000000000"]', ["000000000000"], False, id="the placeholder"),
        pytest.param('["000000000000", "123456789012"]', ["000000000000", "123456789012"], True, id="one beside it"),
        pytest.param('["123456789012"]', ["123456789012"], True, id="one"),
    ],
)
def test_a_stack_tells_the_accounts_that_it_may_be_in(accounts, allowed, has_account):
    assert (stack(accounts).allowed_accounts, stack(accounts).has_account) == (allowed, has_account)


@pytest.mark.parametrize(
    "accounts", ["123456789012", "[123456789012]", '["prod"]', '["1234567890123"]', "{}", "null", "["]
)
def test_what_is_no_list_of_accounts_is_a_wrong_call(accounts):
    with pytest.raises(CallError) as error:
        _ = stack(accounts).allowed_accounts
    assert str(error.value) == (
        f'aws:allowedAccountIds is {accounts!r}; write a list of account ids of 12 digits, in quotes: ["123456789012"]'
    )


def test_of_a_key_that_the_project_sets_and_that_has_a_default_the_value_counts(tmp_path):
    write(tmp_path, "{name: demo, config: {size: {default: 5, value: 6}}}")

    assert project.load(tmp_path, "dev").config == {"demo:size": "6"}
