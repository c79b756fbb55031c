"""Spans: from the trigger, through the runs that requests share, to the log and the output hub.

The host begins a trace per invocation and the Durable extension one span per orchestration and
activity; it passes on what the durable client sends as `traceparent`. Here the app enters the
trace of its invocation, so that the client sends it. Where requests of many callers share a run,
the run belongs to the trace of the first and has links to the others.

Nothing is done in a trace that is not sampled: then nobody would keep the span.
"""

from collections.abc import Awaitable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final, Protocol, TypeVar

from opentelemetry import context, trace
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

LINKS_MAX: Final = 128
"""Links of one span: the default limit of the SDK, which would drop the rest by itself."""

REQUEST_IDS_MAX: Final = 100
"""Request ids in an attribute of one span: as many as an inbox transaction has."""

SAMPLED: Final = "-01"
"""The end of a `traceparent` whose trace is kept."""

T = TypeVar("T")

Origin = trace.SpanContext | None
"""Where a caller was: a place in a trace that is kept, or none."""

_TRACER: Final = trace.get_tracer("effectively_once")
_PROPAGATOR: Final = TraceContextTextMapPropagator()


class Caller(Protocol):
    """`trace_context` of the context that the worker gives an invocation."""

    @property
    def trace_parent(self) -> str:
        """Return the header `traceparent` (W3C), or nothing."""

    @property
    def trace_state(self) -> str:
        """Return the header `tracestate`, or nothing."""


@contextmanager
def invocation(caller: Caller) -> Iterator[None]:
    """Work inside the trace of an invocation."""
    parent = caller.trace_parent
    if not parent or not parent.endswith(SAMPLED):
        yield
        return
    carrier = {"traceparent": parent, "tracestate": caller.trace_state or ""}
    token = context.attach(_PROPAGATOR.extract(carrier))
    try:
        yield
    finally:
        context.detach(token)


def here() -> Origin:
    """Return where we are, None outside of any trace that is kept."""
    place = trace.get_current_span().get_span_context()
    return place if place.trace_flags.sampled else None


@contextmanager
def shared(name: str, origins: Sequence[Origin]) -> Iterator[None]:
    """Run something for callers of several traces, in a span of its own."""
    # A place cannot be hashed: it has a `tracestate`.
    named = {(each.trace_id, each.span_id): each for each in origins if each is not None}
    places = list(named.values())
    if not places:
        # The task may have been made by a caller of long ago: out of its trace.
        token = context.attach(context.Context())
        try:
            yield
        finally:
            context.detach(token)
        return
    parent = trace.set_span_in_context(trace.NonRecordingSpan(places[0]), context.Context())
    links = [trace.Link(each) for each in places[1 : LINKS_MAX + 1]]
    with _TRACER.start_as_current_span(name, parent, links=links):
        yield


async def step(name: str, key: str, request_ids: Sequence[str], work: Awaitable[T]) -> T:
    """Await `work` in a span that names the requests it is about."""
    if here() is None:
        return await work
    with _TRACER.start_as_current_span(name, attributes=_attributes(key, request_ids)):
        return await work


def about(key: str, request_ids: Sequence[str]) -> None:
    """Say which requests the current span is about."""
    span = trace.get_current_span()
    if span.is_recording():
        span.set_attributes(_attributes(key, request_ids))


def _attributes(key: str, request_ids: Sequence[str]) -> Mapping[str, int | Sequence[str]]:
    return {
        "effectively_once.key": key,
        "effectively_once.requests": list(request_ids[:REQUEST_IDS_MAX]),
    }
