"""Markers and cursors of publishing, in memory, behind the same network as the rest."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from store.publications_port import Cursor, Marker
from tests.simulation.network import Network


class PublicationRows(Protocol):
    """What is stored of one project's publishing."""

    marker: Marker | None
    cursor: Cursor


class PublicationTables(Protocol):
    """What may be done to those rows at one instant."""

    @property
    def projects(self) -> Mapping[int, PublicationRows]: ...

    def rows(self, project_id: int) -> PublicationRows: ...

    def mark(self, project_id: int, at: datetime) -> None: ...

    def unmark(self, marker: Marker) -> None: ...

    def move(self, project_id: int, cursor: Cursor, last: int) -> None: ...


class SimulatedPublications:
    """`store.publications_port.Publications`."""

    def __init__(self, tables: PublicationTables, network: Network) -> None:
        self._tables, self._network = tables, network

    async def mark(self, project_id: int, at: datetime) -> None:
        await self._network.call(
            "marker.set", f"{project_id}", lambda: self._tables.mark(project_id, at)
        )

    async def marked(self) -> AsyncIterator[Sequence[Marker]]:
        def effect() -> list[Marker]:
            projects = self._tables.projects
            return [rows.marker for _, rows in sorted(projects.items()) if rows.marker]

        if page := await self._network.call("marker.list", "all", effect):
            yield page

    async def unmark(self, marker: Marker) -> None:
        await self._network.call(
            "marker.remove", f"{marker.project_id}", lambda: self._tables.unmark(marker)
        )

    async def cursor(self, project_id: int) -> Cursor:
        return await self._network.call(
            "cursor.get", f"{project_id}", lambda: self._tables.rows(project_id).cursor
        )

    async def move(self, project_id: int, cursor: Cursor, last: int) -> None:
        await self._network.call(
            "cursor.move",
            f"{project_id} from {cursor.last} to {last}",
            lambda: self._tables.move(project_id, cursor, last),
        )
