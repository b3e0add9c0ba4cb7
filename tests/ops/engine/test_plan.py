from typing import Any

from ops.engine.plan import Registration

REGISTERED: dict[str, Any] = {
    "urn": "urn:pulumi:dev::demo::demo:index:Thing::t",
    "type": "demo:index:Thing",
    "name": "t",
    "parent": "",
    "custom": True,
    "inputs": {"name": "hush", "tags": {"Owner": "hush", "Team": "us"}},
    "protect": False,
    "ignore_changes": [],
}


def test_what_is_shown_of_a_registration_has_no_secret_and_its_inputs_have():
    resource = Registration(**REGISTERED, secrets=["name", "tags.Owner"])

    assert resource.shown == {"name": "[secret]", "tags": {"Owner": "[secret]", "Team": "us"}}
    assert resource.inputs == REGISTERED["inputs"]


def test_a_registration_without_secrets_is_shown_whole():
    assert Registration(**REGISTERED).shown == REGISTERED["inputs"]
