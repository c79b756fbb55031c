"""An error that no fault explains ends a history with its trace, though the app survives it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from activities.emit import Emitter, Found
from activities.hub import Hub
from entities.project import Numbered
from store.port import Head
from tests.simulation.ledger import Broken
from tests.simulation.process import Parts
from tests.simulation.sweep import first_failure
from tests.simulation.world import REAL
from todos import TodoRequest
from triggers.intake import Intake, Outcome


class RaisesInIntake(Intake):
    """Does what a client is told as a 500."""

    async def _attempt(
        self, project_id: int, requests: Sequence[TodoRequest]
    ) -> dict[str, Outcome]:
        await super()._attempt(project_id, requests)
        raise KeyError(project_id)


class RaisesInEmit(Emitter):
    """Does what `emit` logs, and what an orchestration tries again."""

    async def _append(self, project_id: int, head: Head, chunk: Sequence[Numbered]) -> Found:
        await super()._append(project_id, head, chunk)
        raise KeyError(project_id)


class RaisesInClearingUp(Emitter):
    """Does it in a task that is not awaited by anybody who would mind."""

    async def _clear_up(self, project_id: int, found: Found, hub: Hub) -> None:  # noqa: ARG002 - deaf to it
        def settle(*_: object) -> Any:
            raise KeyError(project_id)

        deaf: Any = type("Deaf", (), {"settle": staticmethod(settle)})
        await super()._clear_up(project_id, found, deaf)


@pytest.mark.parametrize(
    "parts",
    [
        Parts(intake=RaisesInIntake),
        Parts(emitter=RaisesInEmit),
        Parts(emitter=RaisesInClearingUp),
    ],
    ids=lambda parts: next(e.__name__ for e in (parts.intake, parts.emitter) if "Raises" in str(e)),
)
def test_it_is_noticed_and_says_how_to_replay_it(parts: Parts) -> None:
    failure = first_failure(range(20), replace(REAL, parts=parts))
    assert failure is not None
    assert failure.violation.broken is Broken.ERROR
    assert "KeyError" in str(failure.violation)
    assert f"python -m tests.simulation {failure.seed}" in str(failure)
