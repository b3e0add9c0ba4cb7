import pytest

from ops.aws import resources
from ops.aws.resources import event_source_mapping, metric_alarm, table
from ops.errors import PlanError


def test_a_type_without_a_module_is_refused_by_name():
    with pytest.raises(PlanError) as error:
        resources.module("aws:sns/topic:Topic")
    assert str(error.value) == (
        "ops can't create aws:sns/topic:Topic; "
        "add a module for it to ops/aws/resources/, and to MODULES in its __init__.py"
    )


@pytest.mark.parametrize(
    "module", [table, event_source_mapping, metric_alarm], ids=["table", "event source mapping", "metric alarm"]
)
def test_what_check_fills_in_is_what_is_live_then(module):
    """Otherwise a resource that leaves it out would differ as soon as it is created."""
    assert module.CHECKED.items() <= module.DEFAULTS.items()
