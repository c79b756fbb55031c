"""An app of one domain that leaves a trace of what it does; else it is the app as it is deployed."""

import os
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import azure.durable_functions as df
from typing_extensions import override

import effectively_once as composition
from activities.emit import Emitter
from domain.domain import AnyDomain
from publishing.catch_up import CatchUpPublisher
from publishing.events import Event
from publishing.open import open_producer
from publishing.producer import Producer
from store.open import sqlite_path
from tests.recording.app import RecordedEmitter, RecordedIntake
from tests.recording.real.hub import traced_entity, traced_hub
from tests.recording.real.journal import Journal
from tests.recording.real.store import TracedStore
from triggers import durable

FOLDER: Final = "RECORDING_FOLDER"
"""Setting: where journals are written."""

UNMARK_AFTER: Final = timedelta(seconds=1)
"""In place of a minute, so that a short run has fences, too."""


class TracedProducer(Producer):
    """Notes what was sent, and what perhaps was."""

    def __init__(self, producer: Producer, journal: Journal) -> None:
        """Send with `producer`."""
        self._producer = producer
        self._journal = journal

    @override
    async def send(self, partition_key: str, events: Sequence[Event]) -> None:
        after, outcome = self._journal.number, "unknown"
        entries = [(each.properties["sequence"], each.properties["requestId"]) for each in events]
        try:
            await self._producer.send(partition_key, events)
            outcome = "committed"
        finally:
            self._journal.note(
                partition_key, "publish.sent", after=after, entries=entries, outcome=outcome
            )

    @override
    async def close(self) -> None:
        await self._producer.close()


class SoonUnmarked(CatchUpPublisher):
    """Takes markers away early: only economy depends on when."""

    @override
    async def publish(self, unmark_after: timedelta = UNMARK_AFTER) -> int:
        return await super().publish(unmark_after)


def recorded_app(
    domain: AnyDomain,
    environ: Mapping[str, str] = os.environ,
    emitter: type[Emitter] = RecordedEmitter,
) -> df.DFApp:
    """Return the app. Its store is a SQLite file that `prepare_traced` has made."""
    journal = Journal(Path(environ[FOLDER]))

    def noted(made: type[Any]) -> Any:
        def make(*args: Any) -> Any:
            part = made(*args)
            part.note = journal.note
            return part

        return make

    def store(spec: str, plural: str, *_: Any, **__: Any) -> TracedStore:
        path = sqlite_path(spec)
        assert path is not None
        return TracedStore(path, plural, journal)

    parts = {
        "Emitter": noted(emitter),
        "Intake": noted(RecordedIntake),
        "hub_of": traced_hub(journal),
        "CatchUpPublisher": SoonUnmarked,
        "open_store": store,
        "open_producer": lambda *args: TracedProducer(open_producer(*args), journal),
    }
    for name, part in parts.items():
        setattr(composition, name, part)
    setattr(durable, "entity", traced_entity(journal))  # noqa: B010 - it exports it not
    return composition.effectively_once(domain)
