"""The author's own tests say what went wrong."""

import pytest

from domain.story import given
from tests.domain.domains import Ask, Reply, parrots, refuse

REFUSING = parrots(versions={1: refuse}, examples=[(Ask("a"), Reply(1, "a"))])


def test_story_is_folded_in_its_order() -> None:
    given(parrots(), Ask("a"), Ask("b")).when(Ask("c", 3)).then(Reply(3, "ccc")).leaves(3)


def test_refusal_within_the_story_has_its_place() -> None:
    given(REFUSING, Ask("a")).when(Ask("no")).refused("said-no").leaves(1)


@pytest.mark.parametrize(
    ("reply", "why"),
    [(Reply(2, "a"), 'expected {"id":2,"words":"a"}; got {"id":1,"words":"a"}')],
)
def test_another_output_is_shown_beside_the_expected_one(reply: Reply, why: str) -> None:
    with pytest.raises(AssertionError) as caught:
        given(parrots()).when(Ask("a")).then(reply)
    assert why in str(caught.value)


def test_refusals_and_outputs_are_told_apart() -> None:
    with pytest.raises(AssertionError, match="refused: "):
        given(REFUSING).when(Ask("no")).then(Reply(1, "no"))
    with pytest.raises(AssertionError, match="expected the refusal said-no"):
        given(REFUSING).when(Ask("a")).refused("said-no")
    with pytest.raises(AssertionError, match="expected other"):
        given(REFUSING).when(Ask("no")).refused("other")


def test_state_that_differs_is_shown() -> None:
    with pytest.raises(AssertionError, match="expected the state 7; got 1"):
        given(parrots()).when(Ask("a")).leaves(7)


def test_failure_is_told_where_an_output_was_expected() -> None:
    domain = parrots(versions={1: _failing}, examples=[(Ask("a"), Reply(1, "a"))])
    given(domain).when(Ask("b")).fails("KeyError")
    with pytest.raises(AssertionError, match="the function failed: the function raised KeyError"):
        given(domain, Ask("b"))
    with pytest.raises(AssertionError, match="expected a failure"):
        given(domain).when(Ask("a")).fails("KeyError")


def _failing(ask: Ask, last: int) -> tuple[Reply, int]:
    return Reply(last + 1, {"a": "a"}[ask.words]), last + 1
