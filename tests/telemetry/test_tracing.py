"""One trace goes from the trigger to the log, and the runs that requests share link theirs."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextvars import Context
from pathlib import Path
from typing import Any

import azure.durable_functions as df
import azure.functions as func
import pytest
from azure.durable_functions.models.utils import http_utils
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from activities import outbox
from activities.arrivals import Arrivals
from activities.coalescing import Coalescer
from activities.emit import Emitter
from activities.hub import encode_wanted
from entities.project import Numbered, Project, encode_state
from publishing.publisher import Publisher
from store.sqlite import SqliteStore
from telemetry import tracing
from tests.activities.durable_server import DurableServer, durable_server
from tests.invocations import invocation
from tests.publishing.memory_producer import MemoryProducer
from tests.store.examples import NOON, append
from tests.triggers.service import request
from todos import TodoRequest
from triggers import http
from triggers.announcer import Announcer
from triggers.intake import Intake

MILK = TodoRequest(7, "milk", "Buy milk")
TRACE = 0x0AF7651916CD43DD8448EB211C80319C
KEPT = f"00-{TRACE:032x}-b7ad6b7169203331-01"
NOT_KEPT = f"00-{TRACE:032x}-b7ad6b7169203331-00"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    opened = SqliteStore(tmp_path / "todos.db")
    yield opened
    await opened.close()


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[DurableServer]:
    # The SDK's lock belongs to the loop that first waited for it; each test has a loop of its own.
    monkeypatch.setattr(http_utils, "_session_lock", asyncio.Lock())
    monkeypatch.setenv("AZURE_FUNCTIONS_DURABLE_STRICT_TYPING", "1")
    async with durable_server() as made:
        yield made


def functions(*blueprints: Any) -> dict[str, Any]:
    app = df.DFApp(http_auth_level=func.AuthLevel.FUNCTION)
    for each in blueprints:
        app.register_functions(each)
    return {str(each.get_function_name()): each.get_user_function() for each in app.get_functions()}


def named(spans: InMemorySpanExporter, name: str) -> list[ReadableSpan]:
    return [each for each in spans.get_finished_spans() if each.name == name]


async def post(store: SqliteStore, server: DurableServer, parent: str) -> None:
    intake = Intake(store, Announcer(), lambda: NOON)
    post_todo = functions(http.blueprint(store, intake, Arrivals()))["post_todo"]
    body = {"projectId": 7, "title": "Buy milk"}
    req = request("POST", body=body, headers={"idempotency_key": "milk", "prefer": "respond-async"})
    answer = await post_todo(req=req, client=server.payload, context=invocation(parent))
    assert answer.status_code == 202


async def test_acceptance_is_in_the_trace_of_the_request_and_takes_the_hub_with_it(
    store: SqliteStore, server: DurableServer, spans: InMemorySpanExporter
) -> None:
    await post(store, server, KEPT)
    for name in ("accept", "announce"):
        (span,) = named(spans, name)
        assert span.context is not None
        assert span.context.trace_id == TRACE
    (started,) = server.at("orchestrators/")
    (announced,) = named(spans, "announce")
    assert announced.context is not None
    assert started.trace_parent == f"00-{TRACE:032x}-{announced.context.span_id:016x}-01"


async def test_the_span_of_an_acceptance_names_its_requests(
    store: SqliteStore, server: DurableServer, spans: InMemorySpanExporter
) -> None:
    await post(store, server, KEPT)
    (span,) = named(spans, "accept")
    assert span.attributes == {"todos.project": 7, "todos.requests": ("milk",)}


async def test_the_append_is_in_the_trace_of_the_activity_and_names_its_requests(
    store: SqliteStore, server: DurableServer, spans: InMemorySpanExporter
) -> None:
    await store.inbox.put(7, [MILK], NOON)
    state = encode_state(Project(0, (Numbered(1, MILK),)))
    server.answers["entities/Project/7"] = server.answers["entities/project/7"] = (200, state)
    emit = functions(outbox.blueprint(Emitter(store, Arrivals())))["emit"]
    wanted = encode_wanted({7: ["milk"]})
    await emit(wanted=wanted, client=server.payload, context=invocation(KEPT))
    (run,), (append,) = named(spans, "emit"), named(spans, "append")
    assert run.context is not None
    assert append.parent is not None
    assert append.parent.span_id == run.context.span_id
    assert run.context.trace_id == TRACE
    assert append.attributes == {"todos.project": 7, "todos.requests": ("milk",)}


async def test_what_is_sent_to_the_output_hub_names_its_requests(
    store: SqliteStore, spans: InMemorySpanExporter
) -> None:
    await append(store.log, 7, [MILK])
    with tracing.invocation(invocation(KEPT).trace_context):
        await Publisher(store.log, store.publications, MemoryProducer()).publish(7)
    (send,) = named(spans, "send")
    assert send.attributes == {"todos.project": 7, "todos.requests": ("milk",)}


async def test_a_trace_that_nobody_keeps_costs_no_span_and_no_header(
    store: SqliteStore, server: DurableServer, spans: InMemorySpanExporter
) -> None:
    await post(store, server, NOT_KEPT)
    assert spans.get_finished_spans() == ()
    assert {each.trace_parent for each in server.asked} == {None}


async def test_requests_that_share_a_run_link_their_traces_to_it(
    spans: InMemorySpanExporter,
) -> None:
    traces = [TRACE, TRACE + 1, TRACE + 2]

    async def work(_: str, items: Sequence[int]) -> Sequence[int]:
        return items

    runs: Coalescer[str, int, int] = Coalescer(work, 10, name="run")
    lane = [submit_in(runs, trace_id) for trace_id in (0, *traces, 0)]
    for each in lane:
        await each
    (run,) = named(spans, "run")
    assert run.context is not None
    assert run.context.trace_id == TRACE
    assert [link.context.trace_id for link in run.links] == traces[1:]


def submit_in(runs: Coalescer[str, int, int], trace_id: int) -> Any:
    """Begin to submit an item as a caller in this trace (0: in none) does."""

    async def submit() -> None:
        parent = f"00-{trace_id:032x}-b7ad6b7169203331-01" if trace_id else ""
        with tracing.invocation(invocation(parent).trace_context):
            await runs.submit("key", [trace_id])

    return asyncio.get_running_loop().create_task(submit(), context=Context())


async def test_a_later_run_is_not_in_the_trace_of_the_caller_that_began_the_lane(
    spans: InMemorySpanExporter,
) -> None:
    seen: list[trace.SpanContext | None] = []

    async def work(_: str, items: Sequence[int]) -> Sequence[int]:
        seen.append(tracing.here())
        if len(seen) == 1:
            later.append(submit_in(runs, 0))
            await asyncio.sleep(0)
        return items

    later: list[Any] = []
    runs: Coalescer[str, int, int] = Coalescer(work, 1, name="run")
    await submit_in(runs, TRACE)
    await later[0]
    assert seen[0] is not None
    assert seen[1] is None
    assert len(named(spans, "run")) == 1


async def test_a_run_that_fails_says_so_in_its_span(spans: InMemorySpanExporter) -> None:
    async def work(_: str, __: Sequence[int]) -> Sequence[int]:
        raise ValueError("no")

    runs: Coalescer[str, int, int] = Coalescer(work, 1, name="run")
    with pytest.raises(ValueError, match="no"):
        await submit_in(runs, TRACE)
    (span,) = named(spans, "run")
    assert span.status.status_code is trace.StatusCode.ERROR
