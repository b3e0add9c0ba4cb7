import yaml

from tests.conftest import ROOT


def test_the_readme_has_every_configuration_key_as_pulumi_yaml_declares_it():
    readme = (ROOT / "README.md").read_text()
    project = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())
    table = ["| key | type | default | what it is |", "|---|---|---|---|"]
    for key, declared in project["config"].items():
        if ":" not in key:
            default = str(declared["default"]).lower()
            table.append(
                f"| `{key}` | {declared['type']} | `{default}` | {declared['description']} |".replace("``", "")
            )

    assert readme.split("<!-- configuration -->\n")[1].split("<!-- /configuration -->")[0] == "\n".join(table) + "\n"
