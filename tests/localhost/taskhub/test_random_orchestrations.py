"""Orchestrations of random shape: every task gets its own result, whatever runs in parallel.

A wrong id would hand one task the result of another, and nothing would complain.
"""

import random
from collections import Counter
from typing import Any

import pytest
from azure.durable_functions import EntityId, RetryOptions

from localhost.taskhub import Faults
from tests.localhost.taskhub.apps import UNTYPED, App
from tests.localhost.taskhub.conftest import Open

pytestmark = [UNTYPED, pytest.mark.filterwarnings("ignore:Potential duplicate Task completion")]

Shape = list[Any]
"""["activity", name] · ["retry", name, failures] · ["call", name] · ["signal", name] ·
["child", [shape…]] · ["all", [shape…]]"""


def draw(chance: random.Random, depth: int, prefix: str) -> Shape:
    """Make a shape; every leaf has a name of its own."""
    kinds = ["activity", "retry", "call", "signal"] + ["all", "child"] * (depth > 0)
    kind = chance.choice(kinds)
    if kind == "retry":
        return [kind, prefix, chance.randint(0, 2)]
    if kind in ("all", "child"):
        count = chance.randint(1, 4)
        return [kind, [draw(chance, depth - 1, f"{prefix}.{n}") for n in range(count)]]
    return [kind, prefix]


def expected(shape: Shape) -> Any:
    if shape[0] in ("all", "child"):
        return [expected(inner) for inner in shape[1]]
    return None if shape[0] == "signal" else f"{shape[0]} {shape[1]}"


def tasks(shape: Shape) -> int:
    """Return how many activities run for a shape without faults."""
    if shape[0] in ("all", "child"):
        return sum(tasks(inner) for inner in shape[1])
    return {"activity": 1, "retry": 1 + shape[-1] if shape[0] == "retry" else 0}.get(shape[0], 0)


def build(app: App) -> None:  # noqa: C901 - an app, one case per shape
    failures: Counter[str] = Counter()

    @app.activity
    def work(input_: dict[str, Any]) -> str:
        name = input_["name"]
        failures[name] += 1
        if failures[name] <= input_.get("failures", 0):
            raise ValueError(name)
        return f"{input_['kind']} {name}"

    @app.entity
    def answers(context: Any) -> None:
        context.set_state((context.get_state(lambda: 0)) + 1)
        context.set_result(f"call {context.get_input()}")

    def task(context: Any, shape: Shape) -> Any:
        match shape:
            case ["activity", name]:
                return context.call_activity("work", {"kind": "activity", "name": name})
            case ["retry", name, times]:
                input_ = {"kind": "retry", "name": name, "failures": times}
                return context.call_activity_with_retry("work", RetryOptions(1, 3), input_)
            case ["call", name]:
                return context.call_entity(EntityId("answers", name[:3]), "op", name)
            case ["child", shapes]:
                return context.call_sub_orchestrator("runs", shapes)
            case ["all", shapes]:
                return context.task_all([task(context, inner) for inner in shapes])
        raise AssertionError(shape)

    @app.orchestrator
    def runs(context: Any) -> Any:
        results: list[Any] = []
        for shape in context.get_input():
            if shape[0] == "signal":
                context.signal_entity(EntityId("answers", "signals"), "op", shape[1])
                results.append(None)
            else:
                results.append((yield task(context, shape)))
        return results


def without_inner_signals(shape: Shape) -> Shape:
    """A signal is no task: inside `all` it becomes an activity."""
    if shape[0] == "all":
        inner = [["activity", s[1]] if s[0] == "signal" else s for s in shape[1]]
        return ["all", [without_inner_signals(s) for s in inner]]
    if shape[0] == "child":
        return ["child", [without_inner_signals(s) for s in shape[1]]]
    return shape


@pytest.mark.parametrize("seed", range(25))
async def test_every_task_gets_its_own_result(open_hub: Open, app: App, seed: int) -> None:
    chance = random.Random(seed)
    shapes = [without_inner_signals(draw(chance, 2, f"{n}")) for n in range(4)]
    build(app)
    host = await open_hub()
    await host.client.start_new("runs", "i", shapes)
    status = await host.finished("i")
    assert status.output == [expected(shape) for shape in shapes], shapes
    assert app.runs["work"] == sum(tasks(shape) for shape in shapes)


@pytest.mark.parametrize("seed", range(10))
async def test_and_also_when_activities_run_twice(open_hub: Open, app: App, seed: int) -> None:
    chance = random.Random(1000 + seed)
    shapes = [without_inner_signals(draw(chance, 2, f"{n}")) for n in range(4)]
    for shape in shapes:
        no_failures(shape)
    build(app)
    host = await open_hub(faults=Faults(duplicate_activities=0.5, seed=seed))
    await host.client.start_new("runs", "i", shapes)
    assert (await host.finished("i")).output == [expected(shape) for shape in shapes], shapes


def no_failures(shape: Shape) -> None:
    """Failures are counted per run of the activity, and a duplicate counts as one."""
    if shape[0] == "retry":
        shape[2] = 0
    for inner in shape[1] if shape[0] in ("all", "child") else []:
        no_failures(inner)
