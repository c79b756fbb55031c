"""What the code does in the simulation is a behaviour of the model, and what it must not do is none."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

import pytest
from typing_extensions import override

from activities.append import Appender
from activities.lane import Lane
from domain.decider import Decider
from model import java
from model.trace import Rejection, check
from model.trace_lines import Trace, read
from store.ports.store import Store
from telemetry.decisions import Decisions
from tests.recording.app import RecordedEmitter
from tests.recording.simulated import FOLLOWED, record
from tests.simulation.history import Profile


class Backwards(RecordedEmitter):
    """Takes what the entity lists from its end."""

    @override
    def _rest(self, lane: Lane, outbox: Sequence[str]) -> list[str]:
        return super()._rest(lane, outbox[::-1])


class Blind(Appender):
    """Sees no request row before a signal is repeated."""

    @override
    async def look(self, lane: Lane, ids: Sequence[str]) -> None:
        pass


class WithoutLook(RecordedEmitter):
    """Signals again without a look at the request row."""

    def __init__(
        self, store: Store, decider: Decider, tell: Decisions, now: Callable[[], datetime]
    ) -> None:
        super().__init__(store, decider, tell, now)
        self._appender = Blind(store, decider, tell, now, self._settled)


class LastResortAtOnce(RecordedEmitter):
    """Takes what waits for overdue."""

    @override
    def _rest(self, lane: Lane, outbox: Sequence[str]) -> list[str]:
        for each in lane.waiting.values():
            each.due = 0.0
        return super()._rest(lane, outbox)


CROWDED: Final = Profile(
    keys=(1,), slow_shares=(0.3,), skews=(0.0,), requests_max=8, rates=(), has_trouble=False
)
"""Nothing fails, and everything is slow."""


def traces(seed: int, emitter: type[RecordedEmitter], profile: Profile) -> list[Trace]:
    recorded = record(seed, emitter, profile=profile)
    names = emitter.__name__, profile is CROWDED, seed
    return [read(f"{names} {key}", lines) for key, lines in recorded.items()]


RIGHT: Final = [(101, FOLLOWED), (5, CROWDED)]

WRONG: Final = {
    Backwards: (2, {"Append", "AppendRefused"}),
    WithoutLook: (5, {"Signal"}),
    LastResortAtOnce: (8, {"Append", "AppendRefused"}),
}


@pytest.fixture(scope="module")
def rejections() -> Sequence[Rejection]:
    """TLC follows all of them in one run."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("AZURE_FUNCTIONS_DURABLE_STRICT_TYPING", "1")
        return _rejections()


def _rejections() -> Sequence[Rejection]:
    all_ = [trace for seed, profile in RIGHT for trace in traces(seed, RecordedEmitter, profile)]
    all_ += [trace for each, (seed, _) in WRONG.items() for trace in traces(seed, each, CROWDED)]
    assert sum(len(each.steps) for each in all_) > 500
    return check(java.find_or_install(), all_)


def test_histories_are_behaviours_of_the_model(rejections: Sequence[Rejection]) -> None:
    wrong = [each for each in rejections if RecordedEmitter.__name__ in each.trace.name]
    assert not wrong, str(wrong[0])


@pytest.mark.parametrize("emitter", WRONG)
def test_mistake_in_the_code_is_none(
    emitter: type[RecordedEmitter], rejections: Sequence[Rejection]
) -> None:
    _, actions = WRONG[emitter]
    refused = [each for each in rejections if f"'{emitter.__name__}'" in each.trace.name]
    assert {each.step.action for each in refused} & actions
