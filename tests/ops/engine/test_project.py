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


@pytest.mark.parametrize("value", ["{secure: AAAB}", "{deep: [{secure: AAAB}]}"])
def test_an_encrypted_value_is_refused_unless_given(tmp_path, value):
    write(tmp_path, stack_file=f"config: {{'demo:token': {value}}}")

    assert project.load(tmp_path, "dev", ["token=given"]).config == {"demo:token": "given"}
    assert project.load(tmp_path, "dev", ["token=given"]).secret_keys == {"demo:token"}
    with pytest.raises(CallError) as error:
        project.load(tmp_path, "dev")
    assert str(error.value) == (
        "demo:token is encrypted in Pulumi.dev.yaml, and only Pulumi has its key; give --config demo:token=VALUE"
    )


@pytest.mark.parametrize(
    ("project_file", "stack_file", "message"),
    [
        ("[]", "", None),
        ("- name", "", "{0}/Pulumi.yaml, or its config:, is not a mapping of keys to values"),
        ("name: [demo]", "", "{0}/Pulumi.yaml has no name: for the project"),
        ("name: demo", "config: 5", "{0}/Pulumi.dev.yaml, or its config:, is not a mapping of keys to values"),
        ("name: demo", "a: b: c", "{0}/Pulumi.dev.yaml can't be read: mapping values are not allowed here"),
        ("name: demo", "config: {a: 1, a: 2}", "{0}/Pulumi.dev.yaml can't be read: duplicate key"),
    ],
)
def test_a_file_that_is_no_stack_is_refused(tmp_path, project_file, stack_file, message):
    write(tmp_path, project_file, stack_file)

    with pytest.raises(CallError) as error:
        project.load(tmp_path, "dev")
    assert str(error.value).startswith((message or "{0}/Pulumi.yaml has no name: for the project").format(tmp_path))


def test_an_unknown_stack_is_refused_and_the_known_ones_are_named(tmp_path):
    write(tmp_path)

    with pytest.raises(CallError) as error:
        project.load(tmp_path, "live")
    assert str(error.value) == "the stack 'live' has no Pulumi.live.yaml; the stacks here: dev"


def test_a_folder_without_a_project_is_refused(tmp_path):
    with pytest.raises(CallError) as error:
        project.load(tmp_path, "dev")
    assert str(error.value) == f"no {tmp_path}/Pulumi.yaml; run this in the project's folder, or name that with --cwd"


@pytest.mark.parametrize("override", ["size", "=5"])
def test_an_override_that_is_no_pair_is_refused(tmp_path, override):
    write(tmp_path)

    with pytest.raises(CallError) as error:
        project.load(tmp_path, "dev", [override])
    assert str(error.value) == f"--config {override!r} is not KEY=VALUE"
