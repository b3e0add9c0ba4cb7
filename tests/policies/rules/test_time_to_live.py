from tests.policies.judge import COMPLIANT, UNKNOWN, cases, changed, fails, not_known, passes, violations

NAME = "dynamodb-table-ttl"
DELETES = "ttl deletes items by the attribute 'expires': remove ttl, or add the table to ttlTables"
ON = {"ttl": {"enabled": True, "attributeName": "expires"}}


@cases(
    passes("no ttl"),
    passes("off", {"ttl": {"enabled": False, "attributeName": "expires"}}),
    passes("neither on nor off", {"ttl": {"attributeName": "expires"}}),
    fails("on", ON, DELETES),
    passes("on, listed", ON, config={"ttlTables": ["RentalInvoices"]}),
    passes("on, listed by pattern", ON, config={"ttlTables": ["Sessions", "Rental*"]}),
    fails("on, another listed", ON, DELETES, config={"ttlTables": ["Rental"]}),
    fails("on, of unknown name", ON | {"name": UNKNOWN}, DELETES, config={"ttlTables": ["R*"]}),
    passes("on, every table listed", ON | {"name": UNKNOWN}, config={"ttlTables": ["*"]}),
    fails(
        "on without an attribute",
        {"ttl": {"enabled": True}},
        "ttl deletes items: remove ttl, or add the table to ttlTables",
    ),
    fails("not a boolean", {"ttl": {"enabled": "yes"}}, "ttl.enabled is 'yes', but must be true or false"),
    fails("not known", {"ttl": {"enabled": UNKNOWN}}, not_known("ttl.enabled")),
    fails("nothing known", {"ttl": UNKNOWN}, not_known("ttl.enabled")),
    passes("not known, listed", {"ttl": UNKNOWN}, config={"ttlTables": ["RentalInvoices"]}),
)
def test_a_table(case):
    assert violations(NAME, changed(COMPLIANT, case.change), case.config) == case.reported
