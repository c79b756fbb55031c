"""Tests of a domain, as its author tells them: given these requests, when this one, then that.

    given(INVOICES, Order(2026, 5, "EUR")).when(Order(2026, 7, "EUR")).then(Invoice(...))

The requests are folded as the engine does it: twice, from JSON, with every check.
"""

from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

from domain.checks import written_output, written_payload
from domain.decider import Decider, Folded, FoldFailed
from domain.domain import Domain
from domain.invalid import Findings

R = TypeVar("R")
O = TypeVar("O")  # noqa: E741 - of Request, Output, State
S = TypeVar("S")


def given(domain: Domain[R, O, S], *requests: R) -> "Given[R, O, S]":
    """Fold `requests` from the empty state, with the newest version."""
    story: Given[R, O, S] = Given(domain, 0, None)
    for request in requests:
        story = story.and_then(request)
    return story


@dataclass(frozen=True)
class Given(Generic[R, O, S]):
    """A key with some requests behind it."""

    domain: Domain[R, O, S]
    place: int
    state: str | None

    def and_then(self, request: R) -> "Given[R, O, S]":
        """Fold one more."""
        folded = self.when(request).folded
        return Given(self.domain, self.place + 1, folded.state)

    def when(self, request: R) -> "When[R, O, S]":
        """Fold the request that the test is about."""
        payload = written_payload(self.domain, request)
        try:
            made = Decider(self.domain).fold(payload, self.place + 1, self.state)
        except FoldFailed as error:
            return When(self.domain, error)
        return When(self.domain, made)


@dataclass(frozen=True)
class When(Generic[R, O, S]):
    """What the function has made of the request."""

    domain: Domain[R, O, S]
    outcome: Folded | FoldFailed

    @property
    def folded(self) -> Folded:
        """Raise AssertionError when the function failed."""
        outcome = self.outcome
        assert not isinstance(outcome, FoldFailed), f"the function failed: {outcome.reason}"
        return outcome

    @property
    def state(self) -> S:
        """The state that follows."""
        text = msgspec.json.decode(self.folded.state)
        state: S = self.domain.newest.state.read(text, "#", Findings())
        return state

    def then(self, output: O) -> "When[R, O, S]":
        """Expect this output. Raises AssertionError."""
        expected = written_output(self.domain, output)
        assert not self.folded.refused, f"expected {expected}; refused: {self.folded.output}"
        assert self.folded.output == expected, f"expected {expected}; got {self.folded.output}"
        return self

    def refused(self, code: str) -> "When[R, O, S]":
        """Expect a refusal with this code. Raises AssertionError."""
        found = self.folded.output
        assert self.folded.refused, f"expected the refusal {code}; got {found}"
        assert msgspec.json.decode(found)["code"] == code, f"expected {code}; refused: {found}"
        return self

    def leaves(self, state: S) -> "When[R, O, S]":
        """Expect this state afterwards. Raises AssertionError."""
        assert self.state == state, f"expected the state {state}; got {self.state}"
        return self

    def fails(self, reason: str) -> "When[R, O, S]":
        """Expect the function to fail, with `reason` somewhere in what is told about it."""
        failed = isinstance(self.outcome, FoldFailed)
        assert failed, f"expected a failure; got {self.outcome}"
        assert reason in str(self.outcome), f"expected {reason}; got {self.outcome}"
        return self
