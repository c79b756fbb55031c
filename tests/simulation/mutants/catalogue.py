"""Versions of the protocol with one thing taken away. Each must break a promise.

A mutant is the real code with one method replaced, so it stays what it is when the rest changes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from tests.simulation.faults import Fault
from tests.simulation.history import ANYTHING, Profile
from tests.simulation.ledger import Broken
from tests.simulation.mutants.emitters import (
    AnnouncesFirst,
    BelievesItHappened,
    BelowHeadIsDone,
    HeadBeforeState,
    NeverLooksAgain,
    SettlesUnseen,
)
from tests.simulation.mutants.intakes import (
    AnswersFirst,
    ReadsLogFirst,
    TakesErrorForSuccess,
    TakesRowForMine,
)
from tests.simulation.mutants.logs import (
    InsertOnly,
    NoRequestRows,
    NoVersion,
    RequestRowsReplaced,
    VersionOnly,
)
from tests.simulation.mutants.surroundings import forgetful_sweep, silent_outbox, sweep_without
from tests.simulation.process import Parts
from tests.simulation.world import REAL, Variant


@dataclass(frozen=True, slots=True)
class Mutant:
    """What is taken away, and what breaks."""

    variant: Variant
    breaks: frozenset[Broken]
    profile: Profile = ANYTHING
    """Where a general history would have to go on for long."""


def _parts(**parts: Any) -> Variant:
    return replace(REAL, parts=Parts(**parts))


def _mutant(variant: Variant, *breaks: Broken, profile: Profile = ANYTHING) -> Mutant:
    return Mutant(variant, frozenset(breaks), profile)


MUTANTS: Final[Mapping[str, Mutant]] = {
    "no ETag on the head": _mutant(
        replace(REAL, tables=NoVersion),
        *(Broken.HOLE, Broken.CHANGED, Broken.TWICE),
        profile=Profile(
            instances=(5,),
            projects=(1,),
            slow_shares=(0.3,),
            rates=(("outbox.emit", Fault.TWICE, 1.0), ("hub.project", Fault.DIRTY, 0.5)),
        ),
    ),
    "no request rows": _mutant(
        replace(REAL, tables=NoRequestRows), Broken.TWICE, Broken.OTHER, Broken.REFUSED
    ),
    "request rows are replaced": _mutant(replace(REAL, tables=RequestRowsReplaced), Broken.TWICE),
    "nobody repeats a lost signal": _mutant(
        replace(REAL, parts=Parts(sweep=sweep_without("create")), outbox=silent_outbox),
        Broken.STUCK,
        Broken.LEFT,
    ),
    "an entry below the head counts as done": _mutant(
        _parts(emitter=BelowHeadIsDone), Broken.LOST, Broken.SHOWN
    ),
    "an append without an answer counts as done": _mutant(
        _parts(emitter=BelievesItHappened), Broken.LOST, Broken.SHOWN
    ),
    "a failed append is tried again without a look": _mutant(
        _parts(emitter=NeverLooksAgain), Broken.STUCK, Broken.LEFT
    ),
    "settled without having been seen": _mutant(_parts(emitter=SettlesUnseen), Broken.LOST),
    "announced before it is in the log": _mutant(_parts(emitter=AnnouncesFirst), Broken.SHOWN),
    "the log is read before the inbox is written": _mutant(
        _parts(intake=ReadsLogFirst), Broken.OTHER, Broken.REFUSED
    ),
    "accepted before the inbox is written": _mutant(
        _parts(intake=AnswersFirst), Broken.LOST, Broken.OTHER
    ),
    "an inbox write without an answer counts as done": _mutant(
        _parts(intake=TakesErrorForSuccess), Broken.LOST, Broken.OTHER
    ),
    "whatever is in the inbox row counts as mine": _mutant(
        _parts(intake=TakesRowForMine), Broken.OTHER
    ),
    "the sweeper only signals": _mutant(_parts(sweep=sweep_without("start")), Broken.STUCK),
    "the sweeper removes what it took up": _mutant(_parts(sweep=forgetful_sweep), Broken.LOST),
}

HARMLESS: Final[Mapping[str, Variant]] = {
    "the head is read before the state": _parts(emitter=HeadBeforeState),
    "the head is guarded, TODO rows are replaced": replace(REAL, tables=VersionOnly),
    "the head is not guarded, TODO rows are inserted": replace(REAL, tables=InsertOnly),
    "the sweeper only starts orchestrations": _parts(sweep=sweep_without("create")),
    "orchestrations never signal again": replace(REAL, outbox=silent_outbox),
}
"""Taken away without harm, because something else holds the same promise. (That `emit` may act
on a state that was never committed is in every history: it is the fault DIRTY.) The head needs its
guard all the same: publishing fences the log with it (`store.publications_port`)."""
