"""Every recipe, from its first step to its last: what is deployed at each, and what of it has to be accepted."""

import json
import re
import shlex
from dataclasses import dataclass, replace

import botocore.session
import pytest
import yaml
from botocore import xform_name
from botocore.validate import ParamValidator

from components.examples import ITEMS
from components.schema import AccessPattern, Capacity, Table
from dynamodb.rules import RULES
from ops.aws import emulator
from ops.errors import PlanError
from ops.evolve import evolve, judge
from ops.evolve.codes import CODES, RECIPES
from tests import programs
from tests.ops.evolve.edits import NONE, REGION, Edit, Edits, compared, defined, index, only, version

RENTAL, USERS, RETAIL, TRAVEL = map(defined, ("rental_invoices", "users", "retail_invoices", "travel_invoices"))
DUE, EMAIL = RENTAL.indexes[0], USERS.indexes[0]
DUE_PATH, EMAIL_PATH = (f"globalSecondaryIndexes[{name}]" for name in (DUE.name, EMAIL.name))
BY_CURRENCY = index("currency-index", "currency", units=2)
BY_DUE_USER = index("due_date_year-UserID-index", "due_date_year", "UserID", units=3)
BY_VENDOR = index("vendor_name-index", "vendor_name")
CURRENCY_PATH, DUE_USER_PATH, VENDOR_PATH, A_PATH, B_PATH = (
    f"globalSecondaryIndexes[{name}]"
    for name in (BY_CURRENCY.name, BY_DUE_USER.name, BY_VENDOR.name, "a-index", "b-index")
)
DUE_QUESTION = "rental invoices due in a month of a year"
IN_CURRENCY = AccessPattern(
    question="rental invoices in a currency", operation="Query", index="currency_index", key=("currency",)
)
OF_VENDOR = AccessPattern(
    question="retail invoices of a vendor", operation="Query", index="vendor_name_index", key=("vendor_name",)
)
DUE_OF_USER = AccessPattern(
    question=DUE_QUESTION, operation="Query", index="due_date_year_UserID_index", key=("due_date_year", "UserID")
)
WITH_TRIGGER: dict[str, Edit | None] = {"users": {"stream_view_type": "NEW_IMAGE", "trigger": "greet"}}
FUNCTION = ("greet_function=greet",)
AUTOSCALING_ADDED, AUTOSCALING_REMOVED = ("autoscaling-added", ""), ("autoscaling-removed", "")
UNPROTECTED = {("protect-off", "protect"), ("deletion-protection-off", "deletionProtectionEnabled")}
JOURNEYS = Table(logical_name="journeys", name="Journeys", partition_key="InvoiceID")
TRAVEL_OF_USER = replace(JOURNEYS, partition_key="UserID", sort_key="InvoiceID")
OF_USER = AccessPattern(question="travel invoices of a user", operation="Query", key=("UserID",))
JOURNEY_ITEMS = {"journeys": ITEMS["travel_invoices"]}
CAPACITIES = ("readCapacity", "writeCapacity")
SCALED = tuple(f"users{kind}-{access}" for kind in ("", "-email") for access in ("read", "write"))
PROVISIONED: dict[str, Edit | None] = {
    "users": {"capacity": Capacity(5, 5), "indexes": (replace(EMAIL, capacity=Capacity(3, 3)),)}
}
NOT_AUTOSCALED = Edits(
    options={"rental_invoices": {"ignore_changes": []}},
    removed=tuple(f"rental_invoices{kind}-{access}" for kind in ("", "-due_date") for access in ("read", "write")),
)
FAMILY = "urn:pulumi:prod::paypulse::paypulse:dynamodb:VendorConfig::vendor_config"
RENTAL_FAMILY = "urn:pulumi:prod::paypulse::paypulse:dynamodb:RentalInvoices"


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """What is declared, and every change that it is. `accepted` are those that are accepted for it.

    `state` is what is in AWS and in Pulumi's state, where the step changes something there first. git doesn't know it:
    `in_git` are the dangerous changes that it sees, and that are accepted for the pull request.
    """

    now: Edits
    changes: set[tuple[str, str]]
    accepted: set[tuple[str, str]]
    state: Edits | None = None
    in_git: set[tuple[str, str]]


def deploy(now, *changes, accepted=(), state=None, in_git=()):
    return Deployment(now=now, changes={*changes, *accepted}, accepted={*accepted}, state=state, in_git={*in_git})


@dataclass(frozen=True, kw_only=True)
class Run:
    """A recipe that is followed: what is deployed before, the tables concerned, and the deployments of each step.

    `at_once` is what somebody would declare who doesn't know the recipe, and `noticed` are its changes that are not
    safe, with their severity.
    """

    recipe: str
    tables: tuple[str, ...]
    steps: tuple[tuple[Deployment, ...], ...]
    at_once: Edits
    noticed: set[tuple[str, str, str]]
    start: Edits = NONE
    name: str = ""


def set_back(path):
    return {("capacity-set-back", f"{path}.{key}") for key in CAPACITIES}


def merged(edits, **more):
    """Return edits with the fields of more tables."""
    tables = {**edits.tables, **{name: (edits.tables.get(name) or {}) | fields for name, fields in more.items()}}
    return replace(edits, tables=tables)


def refreshed(edits, table, index_=None, units=0):
    """Return what Pulumi's state has once all indexes but one, if any, are deleted in AWS, and autoscaling has moved it."""
    keys = {key for item in (table, index_) if item for key in (item.partition_key, item.sort_key) if key}
    indexes = []
    if index_:
        sort_key = {"rangeKey": index_.sort_key} if index_.sort_key else {}
        inputs = {"name": index_.name, "hashKey": index_.partition_key, "projectionType": "ALL", **sort_key}
        indexes = [inputs | dict.fromkeys(CAPACITIES, units)]
    attributes = [{"name": name, "type": "S"} for name in sorted(keys)]
    found = {"globalSecondaryIndexes": indexes or None, "attributes": attributes}
    return replace(edits, inputs={table.logical_name: found})


# Retiring a table that no query uses any more.
def retired(edits, name, *, accepted=()):
    gone = replace(edits, tables={**edits.tables, name: None}, config=tuple(set(edits.config) - {*FUNCTION}))
    return (
        (deploy(merged(edits, **{name: {"retiring": True}}), accepted=UNPROTECTED),),
        (deploy(gone, accepted={("table-deleted", ""), *accepted}),),
    )


def moved_table(name, new, pattern, replaced, *noticed):
    """Return the run that moves the travel invoices to a new table."""
    added = Edits(added=(("retail_invoices", new),), config=("journeys_table=Journeys",), items=JOURNEY_ITEMS)
    read = replace(
        added,
        added=(("retail_invoices", replace(new, access_patterns=(pattern,))),),
        tables={"travel_invoices": {"access_patterns": ()}},
    )
    retire = tuple(deployment for step in retired(read, "travel_invoices") for deployment in step)
    return Run(
        recipe="replace-table",
        name=name,
        tables=("travel_invoices", "journeys"),
        steps=((deploy(added, ("table-added", "")),), (deploy(read),), retire),
        at_once=replaced,
        noticed={("table-replaced", path, "dangerous") for path in noticed},
    )


APPENDED = Edits(tables={"retail_invoices": {"indexes": (*RETAIL.indexes, BY_VENDOR)}})
A, B = index("a-index", "a"), index("b-index", "b")
WITH_A = Edits(tables={"users": {"indexes": (EMAIL, A)}})
WITH_A_AND_B = Edits(tables={"users": {"indexes": (EMAIL, A, B)}})
BEFORE_DUE = Edits(tables={"rental_invoices": {"indexes": (BY_CURRENCY, DUE)}})
WITH_DUE_USER = Edits(tables={"rental_invoices": {"indexes": (DUE, BY_DUE_USER)}})
BOTH = merged(WITH_DUE_USER, rental_invoices={"access_patterns": (DUE_OF_USER,)})
ONLY_DUE_USER = merged(BOTH, rental_invoices={"indexes": (BY_DUE_USER,)})
NO_LOGIN = {"access_patterns": tuple(pattern for pattern in USERS.access_patterns if pattern.index != "email")}
UNREAD = Edits(tables={"users": NO_LOGIN})
UNINDEXED = Edits(tables={"users": NO_LOGIN | {"indexes": ()}})
WITH_TTL = Edits(tables={"users": {"time_to_live": "expires"}})
TTL_ON = {("ttl-on", "ttl")}
TTL_OFF, NOT_APPLIED = Edits(inputs={"users": {"ttl": {"enabled": False}}}), {("ttl-off", "ttl")}
GREETED = Edits(tables=WITH_TRIGGER, config=FUNCTION)
GREETED_WITH_KEYS = merged(GREETED, users={"stream_view_type": "KEYS_ONLY"})
RESTARTED = {("stream-restarted", "streamViewType"), ("trigger-replaced", "eventSourceArn")}
LOWER_MAXIMUM = Edits(config=("autoscaling_max_capacity=8",))
LOWER_CAPACITY = replace(NOT_AUTOSCALED, inputs={"rental_invoices": {"readCapacity": 2}})
SHORTENED = Edits(inputs={"users": {"pointInTimeRecovery": {"enabled": True, "recoveryPeriodInDays": 7}}})
ON_DEMAND = Edits(tables={"rental_invoices": {"capacity": None, "indexes": (replace(DUE, capacity=None),)}})
VENDORS = Edits(families={"vendor_config": {"type": "paypulse:dynamodb:Vendors"}})
RENAMED = Edits(
    tables={"rental_invoices": {"logical_name": "rents"}},
    config=("rents_table=RentalInvoices",),
    items={"rents": ITEMS["rental_invoices"]},
)
# The autoscaling's resources have names that begin with their component's, and get its aliases.
RENTS_ALIASES = {
    "rents": {"aliases": [f"{RENTAL_FAMILY}$aws:dynamodb/table:Table::rental_invoices"]},
    f"{RENTAL_FAMILY}$paypulse:dynamodb:TableAutoscaling::rents": {
        "aliases": [f"{RENTAL_FAMILY}$paypulse:dynamodb:TableAutoscaling::rental_invoices"]
    },
}

RUNS = [
    Run(
        recipe="add-index",
        tables=("retail_invoices",),
        steps=(
            (deploy(APPENDED, ("index-added", VENDOR_PATH)),),
            (deploy(merged(APPENDED, retail_invoices={"access_patterns": (*RETAIL.access_patterns, OF_VENDOR)})),),
        ),
        at_once=merged(APPENDED, retail_invoices={"access_patterns": (*RETAIL.access_patterns, OF_VENDOR)}),
        noticed={
            ("index-added", VENDOR_PATH, "slow"),
            ("question-not-yet-answerable", "retail invoices of a vendor", "slow"),
        },
    ),
    Run(
        recipe="add-indexes",
        tables=("users",),
        steps=((deploy(WITH_A, ("index-added", A_PATH)),), (deploy(WITH_A_AND_B, ("index-added", B_PATH)),)),
        at_once=WITH_A_AND_B,
        noticed={
            ("index-added", A_PATH, "slow"),
            ("index-added", B_PATH, "slow"),
            ("index-added-with-others", "globalSecondaryIndexes", "slow"),
        },
    ),
    Run(
        recipe="keep-capacities",
        tables=("rental_invoices",),
        steps=(
            (
                deploy(
                    Edits(tables={"rental_invoices": {"indexes": (DUE, BY_CURRENCY)}}),
                    ("index-added", CURRENCY_PATH),
                    AUTOSCALING_ADDED,
                ),
            ),
        ),
        at_once=BEFORE_DUE,
        noticed={
            ("index-added", CURRENCY_PATH, "slow"),
            *(("capacity-set-back", f"{DUE_PATH}.{key}", "dangerous") for key in CAPACITIES),
        },
    ),
    Run(
        recipe="change-index",
        tables=("rental_invoices",),
        steps=(
            (deploy(WITH_DUE_USER, ("index-added", DUE_USER_PATH), AUTOSCALING_ADDED),),
            (deploy(BOTH, ("question-moved", DUE_QUESTION)),),
            (
                deploy(
                    ONLY_DUE_USER,
                    AUTOSCALING_REMOVED,
                    *(("capacity-not-applied", f"{DUE_USER_PATH}.{key}") for key in CAPACITIES),
                    state=refreshed(BOTH, RENTAL, BY_DUE_USER, 7),
                    in_git={("index-dropped", DUE_PATH), *set_back(DUE_USER_PATH)},
                ),
            ),
        ),
        at_once=Edits(
            tables={
                "rental_invoices": {
                    "indexes": (replace(DUE, sort_key="UserID"),),
                    "access_patterns": (replace(DUE_OF_USER, index="due_date"),),
                }
            }
        ),
        noticed={("index-rebuilt", DUE_PATH, "dangerous"), ("reader-broken", DUE_QUESTION, "dangerous")},
    ),
    Run(
        recipe="drop-index",
        name="the only one",
        tables=("users",),
        steps=(
            (deploy(UNREAD),),
            (deploy(UNINDEXED, state=refreshed(UNREAD, USERS), in_git={("index-removal-not-applied", EMAIL_PATH)}),),
        ),
        at_once=UNINDEXED,
        noticed={("index-removal-not-applied", EMAIL_PATH, "dangerous")},
    ),
    Run(
        recipe="drop-index",
        name="in front of another",
        tables=("rental_invoices",),
        start=merged(BEFORE_DUE, rental_invoices={"access_patterns": (*RENTAL.access_patterns, IN_CURRENCY)}),
        steps=(
            (deploy(BEFORE_DUE),),
            (
                deploy(
                    NONE,
                    AUTOSCALING_REMOVED,
                    *(("capacity-not-applied", f"{DUE_PATH}.{key}") for key in CAPACITIES),
                    state=refreshed(BEFORE_DUE, RENTAL, DUE, 7),
                    in_git={("index-dropped", CURRENCY_PATH), *set_back(DUE_PATH)},
                ),
            ),
        ),
        at_once=NONE,
        noticed={
            ("index-dropped", CURRENCY_PATH, "dangerous"),
            *(("capacity-set-back", f"{DUE_PATH}.{key}", "dangerous") for key in CAPACITIES),
        },
    ),
    moved_table(
        "another name", JOURNEYS, TRAVEL.access_patterns[0], Edits(config=("travel_invoices_table=Journeys",)), "name"
    ),
    moved_table(
        "another key",
        TRAVEL_OF_USER,
        OF_USER,
        Edits(
            tables={
                "travel_invoices": {"partition_key": "UserID", "sort_key": "InvoiceID", "access_patterns": (OF_USER,)}
            }
        ),
        "hashKey, rangeKey",
    ),
    Run(
        recipe="retire-table",
        tables=("users", "greet"),
        start=GREETED,
        steps=(
            (deploy(merged(GREETED, users={"access_patterns": ()})),),
            *retired(merged(GREETED, users={"access_patterns": ()}), "users", accepted={("trigger-removed", "")}),
        ),
        at_once=Edits(tables={"users": None}),
        noticed={("table-deleted", "", "dangerous"), ("trigger-removed", "", "dangerous")},
    ),
    Run(
        recipe="to-on-demand",
        tables=("rental_invoices",),
        steps=((deploy(ON_DEMAND, ("billing-mode-switched", "billingMode"), AUTOSCALING_REMOVED),),),
        at_once=ON_DEMAND,
        noticed={("billing-mode-switched", "billingMode", "slow")},
    ),
    Run(
        recipe="to-provisioned",
        tables=("users",),
        steps=(
            (
                deploy(
                    Edits(tables=PROVISIONED),
                    AUTOSCALING_ADDED,
                    state=Edits(tables=PROVISIONED, removed=SCALED, options={"users": {"ignore_changes": []}}),
                    in_git={("billing-mode-switched", "billingMode")},
                ),
            ),
        ),
        at_once=Edits(tables=PROVISIONED),
        noticed={("billing-mode-switched", "billingMode", "dangerous")},
    ),
    Run(
        recipe="turn-on-ttl",
        tables=("users",),
        steps=((deploy(WITH_TTL, accepted=TTL_ON),),),
        at_once=WITH_TTL,
        noticed={("ttl-on", "ttl", "dangerous")},
    ),
    Run(
        recipe="change-ttl",
        tables=("users",),
        start=WITH_TTL,
        steps=(
            (deploy(NONE, state=TTL_OFF, in_git=NOT_APPLIED),),
            (deploy(Edits(tables={"users": {"time_to_live": "ends"}}), accepted=TTL_ON),),
        ),
        at_once=Edits(tables={"users": {"time_to_live": "ends"}}),
        noticed={("ttl-attribute-changed", "ttl", "dangerous")},
    ),
    Run(
        recipe="change-ttl",
        name="off",
        tables=("users",),
        start=WITH_TTL,
        steps=((deploy(NONE, state=TTL_OFF, in_git=NOT_APPLIED),), ()),
        at_once=NONE,
        noticed={("ttl-off", "ttl", "dangerous")},
    ),
    Run(
        recipe="change-stream",
        tables=("users", "greet"),
        start=GREETED,
        steps=((), (deploy(GREETED_WITH_KEYS, accepted=RESTARTED),), ()),
        at_once=GREETED_WITH_KEYS,
        noticed={(*change, "dangerous") for change in RESTARTED},
    ),
    Run(
        recipe="lower-capacity",
        name="a maximum",
        tables=("rental_invoices",),
        steps=((deploy(LOWER_MAXIMUM, accepted={("autoscaling-bounds-changed", "maxCapacity")}),),),
        at_once=LOWER_MAXIMUM,
        noticed={("autoscaling-bounds-changed", "maxCapacity", "dangerous")},
    ),
    Run(
        recipe="lower-capacity",
        name="a capacity",
        tables=("rental_invoices",),
        start=NOT_AUTOSCALED,
        steps=((deploy(LOWER_CAPACITY, accepted={("capacity-lowered", "readCapacity")}),),),
        at_once=LOWER_CAPACITY,
        noticed={("capacity-lowered", "readCapacity", "dangerous")},
    ),
    Run(
        recipe="keep-urn",
        name="a component's type",
        tables=("vendor_config",),
        steps=(
            (deploy(replace(VENDORS, options={FAMILY.replace("VendorConfig", "Vendors"): {"aliases": [FAMILY]}})),),
            (deploy(VENDORS),),
        ),
        at_once=VENDORS,
        noticed={("urn-changed", "", "dangerous")},
    ),
    Run(
        recipe="keep-urn",
        name="a logical name",
        tables=("rental_invoices", "rents"),
        steps=((deploy(replace(RENAMED, options=RENTS_ALIASES)),), (deploy(RENAMED),)),
        at_once=RENAMED,
        noticed={("urn-changed", "", "dangerous")},
    ),
    Run(
        recipe="undo",
        name="taken back",
        tables=("users",),
        steps=((deploy(NONE),),),
        at_once=SHORTENED,
        noticed={("recovery-shortened", "pointInTimeRecovery", "dangerous")},
    ),
    Run(
        recipe="undo",
        name="accepted",
        tables=("users",),
        steps=((deploy(SHORTENED, accepted={("recovery-shortened", "pointInTimeRecovery")}),),),
        at_once=SHORTENED,
        noticed={("recovery-shortened", "pointInTimeRecovery", "dangerous")},
    ),
]
ROWS = pytest.mark.parametrize(
    "run", [pytest.param(run, id=" ".join(filter(None, [run.recipe, run.name]))) for run in RUNS]
)


@pytest.fixture
def evolved(tmp_path):
    """Judge and rehearse the change between two versions, of some tables, with what is accepted."""
    stack = replace(programs.stack(), directory=tmp_path)

    def evolved(then, now, tables, accepted=()):
        versions = [only(each, tables) for each in (then, now)]
        resources = [resource for each in reversed(versions) for resource in each.plan.resources]
        names = {each.name: each.inputs["name"] for each in resources if each.type.endswith(":Table")}
        entries = [
            {"code": code, "table": names[tables[0]], "property": path, "reason": "tested", "told": "nobody"}
            for code, path in accepted
        ]
        (tmp_path / "accepted_changes.yaml").write_text(yaml.safe_dump(entries))
        with emulator.embedded(REGION) as aws:
            return evolve.evolve(stack, "main", *versions, aws)

    return evolved


@ROWS
def test_each_step_passes_by_itself(run, evolved):
    deployed = version(run.start)
    for deployment in (deployment for step in run.steps for deployment in step):
        then, deployed = deployed, version(deployment.now)
        if deployment.state:
            found = evolved(then, deployed, run.tables, deployment.in_git)
            assert {(change.code, change.path) for change in found.changes if change.accepted} == deployment.in_git
            assert (found.refused, {question.problem for question in found.questions}) == ([], {""})
            then = replace(version(deployment.state), is_state=True)

        found = evolved(then, deployed, run.tables, deployment.accepted | deployment.in_git)

        assert {
            "changes": {(change.code, change.path) for change in found.changes},
            "accepted": {(change.code, change.path) for change in found.changes if change.accepted},
            "refused": found.refused,
            "problems": {question.problem for question in found.questions} - {""},
        } == {
            "changes": deployment.changes,
            "accepted": deployment.accepted,
            "refused": [],
            "problems": set(),
        }


@ROWS
def test_at_once_the_change_is_noticed_and_has_the_recipe(run):
    then, now = (only(each, run.tables) for each in (version(run.start), version(run.at_once)))
    found = judge.judge(then, now, compared(then, now))
    noticed = [change for change in found if change.severity != "safe"]

    assert {(change.code, change.path, change.severity) for change in noticed} == run.noticed
    assert RECIPES[run.recipe].steps in [change.steps for change in noticed]


def names_in(text, names):
    return {name for name in names if re.search(rf"(?<![\w-]){name}(?![\w-])", text)}


@ROWS
def test_each_step_of_a_recipe_is_run_and_names_what_is_to_be_accepted(run):
    def named(step):
        """Return the codes that a step names, itself or in the recipe that it refers to."""
        more = [text for recipe in names_in(step, RECIPES) for text in RECIPES[recipe].steps]
        return {code for text in (step, *more) for code in names_in(text, CODES)}

    recipe = RECIPES[run.recipe]
    accepted = [{code for each in step for code, _ in each.accepted | each.in_git} for step in run.steps]

    assert len(run.steps) == len(recipe.steps)
    # This recipe is that of many codes.
    if run.recipe != "undo":
        assert [codes - named(text) for codes, text in zip(accepted, recipe.steps, strict=True)] == [set()] * len(
            accepted
        )


def test_every_recipe_is_that_of_a_code_and_is_run():
    assert {run.recipe for run in RUNS} == RECIPES.keys() == {name for code in CODES.values() for name in code.recipes}


@pytest.mark.parametrize(
    ("now", "change"),
    [
        pytest.param(Edits(tables={"travel_invoices": None}), ("table-deleted", ""), id="deleted"),
        pytest.param(Edits(config=("travel_invoices_table=Journeys",)), ("table-replaced", "name"), id="replaced"),
    ],
)
def test_what_is_protected_can_not_be_accepted_at_once(evolved, now, change):
    message = "of TravelInvoices can't be accepted while the table is protected; turn protect off in a deployment"
    with pytest.raises(PlanError, match=message):
        evolved(version(), version(now), ("travel_invoices",), {change})


def test_what_is_accepted_must_be_a_change_since_git_but_may_be_made_already_in_the_state(evolved):
    with pytest.raises(PlanError, match=r"accepts ttl-on of Users, ttl, which is not a change here; correct the entry"):
        evolved(version(), version(), ("users",), TTL_ON)

    assert evolved(replace(version(), is_state=True), version(), ("users",), TTL_ON).changes == []


STEPS = [step for recipe in RECIPES.values() for step in recipe.steps]
COMMANDS = [command for step in STEPS for command in re.findall("`(aws .+?)`", step)]


def parameter(value):
    """Return what the AWS CLI makes of an option's value: JSON, its shorthand for a structure, or text."""
    if value.startswith(("{", "[")):
        return json.loads(value)
    pairs = re.findall(r"([A-Za-z]+)=([^,]+)", value)
    numbers = {"true": True, "false": False}
    return {key: numbers.get(text, int(text) if text.isdigit() else text) for key, text in pairs} or value


@pytest.mark.parametrize("command", COMMANDS)
def test_aws_takes_the_commands_of_recipes(command):
    _, service, operation, *options = shlex.split(command)
    model = botocore.session.get_session().get_service_model(service)
    names = {xform_name(name, "-"): name for name in model.operation_names}
    shape = model.operation_model(names[operation]).input_shape
    members = {f"--{xform_name(name, '-')}": name for name in getattr(shape, "members", {})}
    # --query is of the CLI itself.
    given = {name: value for name, value in zip(options[::2], options[1::2], strict=True) if name != "--query"}
    parameters = {members[name]: parameter(value) for name, value in given.items()}

    assert shape
    assert ParamValidator().validate(parameters, shape).generate_report() == ""


def test_policies_have_the_options_that_recipes_name():
    options = {rule.POLICY.name: rule.POLICY.config_schema.properties for rule in RULES}
    named = [
        (policy, option)
        for step in STEPS
        for policy in re.findall("dynamodb-[a-z-]+", re.sub("`.*?`", "", step))
        for option in re.findall("[a-z]+Tables", step)
    ]

    assert [name for name in named if name[1] not in options.get(name[0], {})] == []
    assert {option for _, option in named} == {"exemptTables", "provisionedTables", "ttlTables"}
