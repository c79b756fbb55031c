"""What the checks of the workshop rest on: which histories are looked at, and which are shown."""

from collections.abc import Callable
from contextlib import suppress
from functools import partial

from workshop.simulator import (
    Effect,
    Faults,
    NoAnswer,
    Put,
    Queue,
    Service,
    Table,
    World,
)
from workshop.simulator.explore import Scenario, explore, perform


def usual(build: Callable[[World], None]) -> World:
    """Run the history without deviations, and return the world as it was left."""
    worlds: list[World] = []

    def keep(world: World) -> None:
        worlds.append(world)
        build(world)

    run = perform(Scenario("", keep), lambda *_: 0)
    assert run.fault is None, run.fault
    return worlds[0]


def test_two_tasks_of_three_steps_have_twenty_histories() -> None:
    seen: set[str] = set()

    def build(world: World) -> None:
        order: list[str] = []

        async def task(name: str) -> None:
            for _ in range(3):
                await world.note(name, "the same thing")
                order.append(name)

        for name in "ab":
            world.person(name, partial(task, name))
        world.at_end(lambda: seen.add("".join(order)))

    assert explore(Scenario("", build)).random_runs == 0
    assert len(seen) == 20


def test_order_of_independent_steps_counts_once() -> None:
    ends: list[int] = []

    def build(world: World) -> None:
        async def task(name: str) -> None:
            for _ in range(3):
                await world.note(name, f"thing of {name}")

        for name in "ab":
            world.person(name, partial(task, name))
        world.at_end(lambda: ends.append(1))

    assert explore(Scenario("", build)).states == 4 * 4 - 1  # all but the first one
    assert len(ends) == 1


def test_crash_comes_between_any_two_effects() -> None:
    found: set[tuple[str, ...]] = set()

    def build(world: World) -> None:
        table = Table(world, "t", local=True)

        async def task() -> None:
            for key in "abc":
                await table.put(key, 1)

        world.spawn(world.process("p"), task())
        world.at_end(lambda: found.add(tuple(table.rows)))

    assert explore(Scenario("", build, Faults(crashes=1))).random_runs == 0
    assert found == {(), ("a",), ("a", "b"), ("a", "b", "c")}


def test_lost_call_happened_or_did_not() -> None:
    found: set[tuple[bool, bool]] = set()

    def build(world: World) -> None:
        table = Table(world, "t")
        answered: list[bool] = []

        async def task() -> None:
            try:
                await table.put("a", 1)
            except NoAnswer:
                answered.append(False)
            else:
                answered.append(True)

        world.person("p", task)
        world.at_end(lambda: found.add((bool(table.rows), answered[0])))

    explore(Scenario("", build, Faults(lost=1)))
    assert found == {(True, True), (True, False), (False, False)}


def test_call_that_timed_out_may_still_be_carried_out_later() -> None:
    found: set[tuple[str, ...]] = set()

    def build(world: World) -> None:
        table = Table(world, "t", local=True)
        order: list[str] = []

        async def handler() -> str:
            await table.put("a", 1)
            order.append("done")
            return "ok"

        service = Service(world, world.process("s", crashes=False), go=handler)

        async def caller() -> None:
            try:
                await service.call("go")
            except NoAnswer:
                order.append("time-out")

        world.person("c", caller)
        world.at_end(lambda: found.add(tuple(order)))

    explore(Scenario("", build, Faults(lost=1)))
    assert {("done",), ("done", "time-out"), ("time-out", "done"), ("time-out",)} == found


def test_request_without_an_answer_is_not_said_to_be_carried_out() -> None:
    found: set[str] = set()

    def build(world: World) -> None:
        async def handler() -> str:
            return "ok"

        service = Service(world, world.process("s", crashes=False), go=handler)

        async def caller() -> None:
            with suppress(NoAnswer):
                await service.call("go")

        world.person("c", caller)
        world.at_end(
            lambda: found.update(each.text for each in world.history if each.kind == "lost")
        )

    explore(Scenario("", build, Faults(lost=1)))
    assert found == {
        "asks s: go -- the request gets lost",
        "asks s: go -- it is sent, no answer comes",
    }


def test_unacknowledged_message_comes_back_after_a_crash() -> None:
    received: set[tuple[int, int]] = set()

    def build(world: World) -> None:
        queue = Queue(world, "q")
        queue.put("m")
        times: list[int] = []

        async def work() -> None:
            while True:
                message = await queue.receive()
                times.append(1)
                await queue.acknowledge(message)

        queue.comes_back_when_dead(world.process("w", work))
        world.at_end(lambda: received.add((len(times), world.crashes)))

    assert explore(Scenario("", build, Faults(crashes=1))).random_runs == 0
    assert received == {(1, 1), (1, 0), (2, 0)}


def test_unacknowledged_message_comes_back_when_all_is_quiet() -> None:
    def build(world: World) -> None:
        queue = Queue(world, "q")
        queue.put("m")
        times: list[int] = []

        async def work() -> None:
            while len(times) < 2:
                await queue.receive()
                times.append(1)

        world.person("w", work)
        world.at_end(lambda: None if len(times) == 2 else "lost")

    assert explore(Scenario("", build)).fault is None


def test_faults_are_possible_and_never_necessary() -> None:
    """A receiver that waits for ever is at rest, though a message could come again."""
    ends: list[int] = []

    def build(world: World) -> None:
        queue = Queue(world, "q")
        queue.put("m")

        async def work() -> None:
            while True:
                message = await queue.receive()
                await queue.acknowledge(message)

        for name in "ab":
            world.person(name, work)
        world.at_end(lambda: ends.append(world.duplicates))

    assert explore(Scenario("", build, Faults(duplicates=1))).fault is None
    assert set(ends) == {0, 1}


def test_same_code_gets_the_same_histories() -> None:
    def build(world: World) -> None:
        table = Table(world, "t")
        table.apply([Put("n", 0)])

        async def add() -> None:
            await table.put("n", await table.get("n") + 1)

        for name in "abc":
            world.spawn(world.process(name), add())
        world.at_end(lambda: "lost" if table.rows["n"].value < 3 else None)

    one, two = (explore(Scenario("", build)) for _ in range(2))
    assert one == two
    assert one.fault


def test_shortest_history_is_shown() -> None:
    """Two of the three tasks are enough to lose an update, and four effects show it."""

    def build(world: World) -> None:
        table = Table(world, "t", local=True)
        table.apply([Put("n", 0)])
        done: list[int] = []

        async def add() -> None:
            seen = await table.get("n")
            await table.put("n", seen + 1)
            done.append(1)

        for name in "abc":
            world.person(name, add)
        world.always(lambda: "lost" if table.rows["n"].value < len(done) else None)

    fault = explore(Scenario("", build)).fault
    assert fault
    assert len(fault.history) == 4


def test_loop_without_an_end_is_reported() -> None:
    def build(world: World) -> None:
        table = Table(world, "t", local=True)

        async def spin() -> None:
            while True:
                await table.get("a")

        world.person("p", spin)

    fault = explore(Scenario("", build)).fault
    assert fault
    assert "come to rest" in fault.broken
    assert len(fault.history.shown()) <= 12


def test_forgotten_await_is_reported() -> None:
    def build(world: World) -> None:
        table = Table(world, "t")

        async def forgetful() -> None:
            table.put("a", 1)
            await table.put("b", 1)

        world.person("p", forgetful)

    fault = explore(Scenario("", build)).fault
    assert fault
    assert "await" in fault.broken
    assert "writes a" in fault.broken


def test_finally_does_not_run_at_a_crash() -> None:
    def build(world: World) -> None:
        table = Table(world, "t", local=True)

        async def task() -> None:
            try:
                await table.put("a", 1)
            finally:
                await table.put("cleaned up", 1)

        world.spawn(world.process("p"), task())
        world.at_end(
            lambda: "cleaned" if not world.crashes and "cleaned up" in table.rows else None
        )

    explored = explore(Scenario("", build, Faults(crashes=1)))
    assert explored.fault is None
    assert explored.random_runs == 0


def test_clock_moves_only_when_nothing_else_can_run() -> None:
    def build(world: World) -> None:
        async def sleeper() -> None:
            await world.sleep(3600)
            assert world.now == 3600

        world.person("p", sleeper)

    assert usual(build).history[0].text == "has waited 1 hour"


def test_what_was_read_can_be_changed_without_changing_the_row() -> None:
    def build(world: World) -> None:
        table = Table(world, "t", local=True)
        table.apply([Put("a", {"n": [1]})])

        async def task() -> None:
            value = await table.get("a")
            value["n"].append(2)
            assert table.values() == {"a": {"n": [1]}}

        world.person("p", task)

    usual(build)


def test_effect_outside_the_simulator_is_reported() -> None:
    def build(world: World) -> None:
        async def task() -> None:
            import asyncio

            await asyncio.sleep(0)
            await Effect("", "never", tuple)

        world.person("p", task)

    fault = explore(Scenario("", build)).fault
    assert fault
    assert "the simulator lacks" in fault.broken
