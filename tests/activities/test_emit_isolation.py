import asyncio

from activities.arrivals import Arrivals
from entities.project import Project
from store.sqlite import SqliteStore
from tests.activities.emitting import PROJECT, FaultyStore, ShownHub, showing

OTHER = 8
SECONDS_MAX = 5.0


class HangingHub(ShownHub):
    """Does not answer about one project until it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Event()

    async def project(self, project_id: int) -> Project:
        if project_id == PROJECT:
            await self.gate.wait()
        return await super().project(project_id)


async def test_a_project_that_hangs_holds_up_none_that_is_emitted_with_it(
    store: SqliteStore,
) -> None:
    faulty, hub, arrivals = FaultyStore(store), HangingHub(), Arrivals()
    hub.show(showing("x"))
    hub.show(showing("a", project_id=OTHER), project_id=OTHER)
    wanted = {PROJECT: ["x"], OTHER: ["a"]}
    with arrivals.expect(OTHER, "a") as arrival:
        emitting = asyncio.create_task(faulty.emitter(arrivals).emit(wanted, hub))
        done, _ = await asyncio.wait((arrival,), timeout=SECONDS_MAX)
        hub.gate.set()
        assert await emitting == []
        assert done
    assert (await faulty.logged(), await faulty.logged(OTHER)) == (["x"], ["a"])
