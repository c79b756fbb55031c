"""The parameter `context` of a function, as the worker fills it in."""

from localhost.invocation import FIRST_ATTEMPT, Context, TraceContext


def invocation(trace_parent: str = "") -> Context:
    """Return the context of an invocation that nobody traces, or of the trace given."""
    return Context("function", "", "invocation", TraceContext(trace_parent), FIRST_ATTEMPT)
