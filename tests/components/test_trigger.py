import pytest

from ops.engine.plan import Registration

FUNCTION = "send_invoice_notification_function=notify"
QUEUE = "arn:aws:sqs:eu-west-1:123456789012:failed"


@pytest.fixture
def mapping(record):
    def mapping(*config: str) -> Registration:
        (found,) = [r for r in record("prod", *config).resources if r.type.startswith("aws:lambda/")]
        return found

    return mapping


def test_each_new_rental_invoice_triggers_the_function_and_a_bad_record_ends(mapping):
    trigger = mapping(FUNCTION)
    family = "urn:pulumi:prod::paypulse::paypulse:dynamodb:RentalInvoices"

    assert trigger.urn == (f"{family}$aws:lambda/eventSourceMapping:EventSourceMapping::send_invoice_notification")
    assert trigger.property_dependencies == {"eventSourceArn": [f"{family}$aws:dynamodb/table:Table::rental_invoices"]}
    del trigger.inputs["eventSourceArn"]
    assert trigger.inputs == {
        "functionName": "notify",
        "enabled": True,
        "startingPosition": "LATEST",
        "batchSize": 1,
        "filterCriteria": {"filters": [{"pattern": '{"eventName":["INSERT"]}'}]},
        "functionResponseTypes": ["ReportBatchItemFailures"],
        "maximumRetryAttempts": 5,
        "maximumRecordAgeInSeconds": 21600,
    }


def test_a_record_that_keeps_failing_goes_to_its_destination(mapping):
    trigger = mapping(FUNCTION, f"send_invoice_notification_failure_destination={QUEUE}")

    assert trigger.inputs["destinationConfig"] == {"onFailure": {"destinationArn": QUEUE}}


def test_without_a_function_there_is_no_trigger(record):
    assert [r for r in record("prod").resources if r.type.startswith("aws:lambda/")] == []
