"""The command that prints the policy documents which the program exports, with the ARNs of an account."""

import json

import pytest

from tests.conftest import ROOT

ACCOUNT = "123456789012"


@pytest.fixture
def permissions(run):
    """Run the command for prod."""
    return lambda *arguments: run("permissions", "--cwd", ROOT, "--stack", "prod", *arguments)


def test_a_document_has_the_arns_of_the_account_and_region(permissions):
    result = permissions("--account", ACCOUNT, "--consumer", "signup_user", "--json")

    table = f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/Users"
    assert (result.code, result.err) == (0, "")
    assert json.loads(result.out) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "UserByEmailAtLogin",
                "Effect": "Allow",
                "Action": "dynamodb:Query",
                "Resource": f"{table}/index/Email-index",
            },
            {"Sid": "AUserWrittenAtSignup", "Effect": "Allow", "Action": "dynamodb:PutItem", "Resource": table},
        ],
    }


def test_the_document_of_the_trigger_has_a_star_for_the_label_of_the_stream(permissions):
    result = permissions("--account", ACCOUNT, "--json", "--config", "table_name_suffix=-x")
    document = json.loads(result.out)["send_invoice_notification"]

    arn = f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/RentalInvoices-x/stream/*"
    assert [statement["Resource"] for statement in document["Statement"]] == [arn, arn]


def test_another_partition_has_arns_of_its_own(permissions):
    result = permissions(
        "--account", ACCOUNT, "--consumer", "login_user", "--json", "--config", "aws:region=cn-north-1"
    )

    (statement,) = json.loads(result.out)["Statement"]
    assert statement["Resource"] == f"arn:aws-cn:dynamodb:cn-north-1:{ACCOUNT}:table/Users/index/Email-index"


def test_a_person_reads_who_may_do_what_on_what_in_100_columns(permissions):
    result = permissions("--account", ACCOUNT)

    assert result.code == 0
    assert max(map(len, result.lines)) <= 100
    at = result.lines.index("fetch_retail_invoices")
    assert result.lines[at : at + 5] == [
        "fetch_retail_invoices",
        "last fetch of a users retail invoices read     GetItem     table/Users",
        "last fetch of a users retail invoices written  UpdateItem  table/Users",
        "all active vendors                             Scan        table/VendorConfig",
        "get_invoices",
    ]
    assert permissions("--account", ACCOUNT, "--consumer", "login_user").lines == [
        "login_user",
        "user by email at login  Query  table/Users/index/Email-index",
        "--json prints the IAM policy documents, with their conditions",
    ]


ALLOWED = "aws:allowedAccountIds"


@pytest.mark.parametrize(
    ("given", "account"),
    [
        pytest.param([], "210987654321", id="none is given"),
        pytest.param(["--account", ACCOUNT], ACCOUNT, id="another one is given"),
    ],
)
def test_the_account_is_the_given_one_or_the_only_one_that_the_stack_allows(permissions, given, account):
    arguments = ["--config", f'{ALLOWED}=["210987654321"]', "--consumer", "get_user_profile", "--json"]
    result = permissions(*arguments, *given)

    (statement,) = json.loads(result.out)["Statement"]
    assert statement["Resource"] == f"arn:aws:dynamodb:eu-west-1:{account}:table/Users"


WAY_OUT = "give --account with 12 digits, or name one account in aws:allowedAccountIds of Pulumi.prod.yaml"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param([], f"the ARNs need an account; {WAY_OUT}", id="no account"),
        pytest.param(
            ["--config", f'{ALLOWED}=["000000000000"]'], f"the ARNs need an account; {WAY_OUT}", id="a placeholder"
        ),
        pytest.param(
            ["--config", f'{ALLOWED}=["123456789012", "210987654321"]'],
            f"the ARNs need an account; {WAY_OUT}",
            id="two accounts",
        ),
        pytest.param(["--account", "prod"], f"--account 'prod' is not an account id; {WAY_OUT}", id="a name"),
        pytest.param(["--account", ""], f"--account '' is not an account id; {WAY_OUT}", id="empty"),
        pytest.param(
            ["--account", ACCOUNT, "--consumer", "login"],
            "no consumer 'login'; the nearest are login_user, get_invoices, get_rental_invoice",
            id="an unknown consumer",
        ),
        pytest.param(
            ["--account", ACCOUNT, "--config", "aws:region=xx-nowhere-1"],
            "aws:region is 'xx-nowhere-1', which AWS doesn't have, so the ARNs aren't known",
            id="no region",
        ),
    ],
)
def test_a_wrong_call_says_what_to_give(permissions, arguments, message):
    result = permissions(*arguments)

    assert (result.code, result.out, result.err) == (2, "", f"error: {message}\n")


@pytest.mark.parametrize(
    "output",
    [
        1,
        {"f": 1},
        {"f": {"Statement": {}}},
        {"f": {"Statement": [1]}},
        {"f": {"Statement": [{"Action": "a"}]}},
        {"f": {"Statement": [{"Sid": "A", "Resource": "r"}]}},
    ],
)
def test_a_program_without_the_output_is_told(run, program, output):
    stack = program(f"pulumi.export('permissions', {output})")
    result = run("permissions", "--cwd", stack.directory, "--account", ACCOUNT)

    message = "the program exports no permissions: an object of IAM policy documents by function"
    assert (result.code, result.err) == (1, f"error: {message}\n")


def test_the_names_of_a_program_are_shown_as_they_are(run, program):
    document = {"Statement": [{"Sid": "A", "Action": "s3:[/b]", "Resource": "[/red]"}]}
    stack = program(f"pulumi.export('permissions', {{'[/f]': {document}}})")
    result = run("permissions", "--cwd", stack.directory, "--account", ACCOUNT)

    assert (result.code, result.err) == (0, "")
    assert result.lines[:2] == ["[/f]", "a  s3:[/b]  [/red]"]
