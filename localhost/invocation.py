"""What a function sees of its own invocation: the `context` parameter (host-protocol 3.2).

As in the Python worker these have the attributes of `azure.functions.Context` without deriving
from it.
"""

import secrets
import threading
import uuid
from dataclasses import dataclass, field
from typing import Final

THREAD_LOCAL: Final = threading.local()
"""Its `invocation_id` is that of the plain function that runs on the current thread."""


@dataclass(frozen=True, slots=True)
class TraceContext:
    """W3C trace context: the caller's, or a fresh one that says "not sampled"."""

    trace_parent: str
    trace_state: str = ""
    attributes: dict[str, str] = field(default_factory=dict)

    @property
    def Traceparent(self) -> str:  # noqa: N802 - the worker's older name
        """The same as `trace_parent`."""
        return self.trace_parent

    @property
    def Tracestate(self) -> str:  # noqa: N802
        """The same as `trace_state`."""
        return self.trace_state


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an attempt failed, as a retried function sees it."""

    source: str
    message: str
    stack_trace: str


@dataclass(frozen=True, slots=True)
class RetryContext:
    """Which attempt this is; 0 of 0 for a function that is not being retried."""

    retry_count: int = 0
    max_retry_count: int = 0
    exception: Failure | None = None


FIRST_ATTEMPT: Final = RetryContext()


@dataclass(frozen=True, slots=True)
class Trigger:
    """What fired a function: the value of its parameter and where a trace of it began."""

    value: object
    trace_parent: str = ""
    trace_state: str = ""


@dataclass(frozen=True, slots=True)
class Context:
    """The value of a parameter called `context`."""

    function_name: str
    function_directory: str
    invocation_id: str
    trace_context: TraceContext
    retry_context: RetryContext
    thread_local_storage: threading.local = THREAD_LOCAL


def new_context(name: str, directory: str, trigger: Trigger, retry: RetryContext) -> Context:
    """Return the context of an invocation that starts now."""
    # version 00, 16 bytes of trace, 8 bytes of parent, flags: not sampled
    fresh = f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-00"
    trace = TraceContext(trigger.trace_parent or fresh, trigger.trace_state)
    return Context(name, directory, str(uuid.uuid4()), trace, retry)
