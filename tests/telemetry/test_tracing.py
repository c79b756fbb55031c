"""One trace goes from the trigger to the log, and the runs that requests share link theirs."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from concurrency.group_commit import GroupCommit
from telemetry import tracing

TRACE = 0x0AF7651916CD43DD8448EB211C80319C


class Caller:
    def __init__(self, trace_id: int = TRACE, *, kept: bool = True) -> None:
        self.trace_parent = f"00-{trace_id:032x}-b7ad6b7169203331-0{int(kept)}"
        self.trace_state = ""


async def test_step_is_a_span_of_the_invocations_trace(spans: InMemorySpanExporter) -> None:
    with tracing.invocation(Caller()):
        await tracing.step("append", "7", ["a"], asyncio.sleep(0))
    [span] = spans.get_finished_spans()
    assert span.name == "append"
    assert span.context is not None
    assert span.context.trace_id == TRACE
    assert dict(span.attributes or {}) == {
        "effectively_once.key": "7",
        "effectively_once.requests": ("a",),
    }


@pytest.mark.parametrize("parent", ["", "garbage", Caller(kept=False).trace_parent])
async def test_trace_that_is_not_kept_costs_nothing(
    spans: InMemorySpanExporter, parent: str
) -> None:
    caller = Caller()
    caller.trace_parent = parent
    with tracing.invocation(caller):
        assert tracing.here() is None
        await tracing.step("append", "7", ["a"], asyncio.sleep(0))
    assert spans.get_finished_spans() == ()


async def test_shared_run_is_in_the_first_trace_and_linked(spans: InMemorySpanExporter) -> None:
    gate = asyncio.Event()
    places: list[Any] = []

    async def work(_: str, items: Sequence[int]) -> Sequence[int]:
        await gate.wait()
        places.append(trace.get_current_span().get_span_context().trace_id)
        return items

    runs: GroupCommit[str, int, int] = GroupCommit(work, 10, name="accept")

    async def call(trace_id: int) -> None:
        with tracing.invocation(Caller(trace_id)):
            await runs.submit("7", [trace_id])

    calls = [asyncio.create_task(call(each)) for each in (5, 6, 7)]
    await asyncio.sleep(0)
    gate.set()
    await asyncio.gather(*calls)
    shared = [each for each in spans.get_finished_spans() if each.name == "accept"]
    linked = {link.context.trace_id for each in shared for link in each.links}
    assert {*places, *linked} == {5, 6, 7}
