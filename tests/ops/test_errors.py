import pytest

from ops.errors import AnswerError, CallError, PlanError, one_line, reading_answer


def test_a_wrong_plan_and_a_wrong_call_have_exit_codes_of_their_own():
    assert (PlanError.exit_code, CallError.exit_code) == (1, 2)


@pytest.mark.parametrize(
    ("message", "line"),
    [
        ("a\n  b\tc ", "a b c"),
        (
            "An error occurred (X) when calling the Y operation (reached max retries: 0): no",
            "An error occurred (X) when calling the Y operation: no",
        ),
        (
            "An error occurred (X) when calling the Y operation (reached max retries: 4): no",
            "An error occurred (X) when calling the Y operation (reached max retries: 4): no",
        ),
    ],
)
def test_an_error_of_another_library_is_one_line_without_zero_retries(message, line):
    assert one_line(ValueError(message)) == line


@pytest.mark.parametrize("error", [AttributeError("x"), KeyError("x"), TypeError("x"), ValueError("x")])
def test_an_answer_that_cannot_be_read_is_not_of_aws(error):
    with pytest.raises(AnswerError) as raised, reading_answer():
        raise error
    assert str(raised.value) == repr(error)


def test_any_other_error_goes_on():
    with pytest.raises(PlanError, match=r"^mine$"), reading_answer():
        raise PlanError("mine")
