"""How failures of functions read on their way through .NET (host-protocol 5.6).

Activities: the extension serialises the exception with all its inner ones. What it says of
Python's failure is exact; of the .NET frames around it there is one, so that code which cuts
texts finds the same kind of end.
"""

import json
from typing import Any, Final

from localhost.taskhub.worker_port import FunctionFailed, WorkerDied

CUSTOM_STATUS_KB_MAX: Final = 16

_HRESULT: Final = -2146233088
_EXECUTOR: Final = (
    "   at Microsoft.Azure.WebJobs.Host.Executors.FunctionExecutor.ExecuteWithLoggingAsync("
    "IFunctionInstanceEx instance, FunctionStartedMessage message, FunctionInstanceLogEntry "
    "instanceLogEntry, ParameterHelper parameterHelper, ILogger logger, CancellationToken "
    "cancellationToken) in /_/src/Microsoft.Azure.WebJobs.Host/Executors/FunctionExecutor.cs:"
    "line 315"
)
_TASKS: Final = (
    "   at System.Threading.Tasks.Task.ThrowIfExceptional(Boolean includeTaskCanceledExceptions)\n"
    "   at localhost"
)
_SECRETS: Final = (
    "Token=", "DefaultEndpointsProtocol=http", "AccountKey=", "Data Source=", "Server=",
    "Password=", "pwd=", "&amp;sig=", "&sig=", "?sig=", "SharedAccessKey=", "&amp;code=",
    "&code=", "?code=", "key=",
)  # fmt: skip
_SECRET_ENDS: Final = "<\"'"
_HIDDEN: Final = "[Hidden Credential]"


def sanitized(text: str) -> str:
    """Return a text with what looks like a credential hidden, up to the next quote or `<`.

    As the host does with every failure that a worker reports; it may hide more than was meant.
    """
    for token in _SECRETS:
        start = _find(text, token, 0)
        while start >= 0:
            ends = [end for mark in _SECRET_ENDS if (end := text.find(mark, start)) >= 0]
            text = text[:start] + _HIDDEN + (text[min(ends) :] if ends else "")
            start = _find(text, token, start + len(_HIDDEN))
    return text


def _find(text: str, token: str, start: int) -> int:
    return text.lower().find(token.lower(), start)


def result_text(said: str, stack_trace: str) -> str:
    """Return what the host makes of a failure that a worker reports."""
    return f"Result: Failure\nException: {said}\nStack: {stack_trace}"


def one_or_more(said: str, stack_trace: str) -> str:
    """Return what an orchestrator fails with whose actions did not come along."""
    return f"One or more errors occurred. ({result_text(said, stack_trace)})"


def details_of(error: FunctionFailed | WorkerDied) -> str:
    """Return the serialised .NET exception that an activity fails with."""
    said = sanitized(str(error))
    trace = getattr(error, "stack_trace", "").removeprefix("Traceback (most recent call last):\n")
    inner = {
        "$type": "Microsoft.Azure.WebJobs.Script.Workers.Rpc.RpcException, "
        "Microsoft.Azure.WebJobs.Script",
        "IsUserException": False,
        "RemoteStackTrace": trace,
        "RemoteMessage": said,
        "RemoteTypeName": None,
        "Message": result_text(said, trace),
        "Data": {"$type": "System.Collections.ListDictionaryInternal, System.Private.CoreLib"},
        "InnerException": None,
        "HelpLink": None,
        "Source": "System.Private.CoreLib",
        "HResult": _HRESULT,
        "StackTrace": _EXECUTOR,
    }
    outer = {
        "$type": "System.Exception, System.Private.CoreLib",
        "ClassName": "System.Exception",
        "Message": said,
        "Data": None,
        "InnerException": inner,
        "HelpURL": None,
        "StackTraceString": None,
        "RemoteStackTraceString": None,
        "RemoteStackIndex": 0,
        "ExceptionMethod": None,
        "HResult": _HRESULT,
        "Source": None,
        "WatsonBuckets": None,
    }
    return json.dumps(outer, separators=(",", ":"), ensure_ascii=False)


def child_details(failure: str) -> str:
    """Return the details of a sub-orchestration that failed with this text."""
    return f"Message: {failure}, StackTrace: {_TASKS}"


def too_large(custom_status: str | None) -> str | None:
    """Return why a custom status (JSON) is refused, None when it is not."""
    kilobytes = len((custom_status or "").encode("utf-16-le", "surrogatepass")) // 1024
    if kilobytes <= CUSTOM_STATUS_KB_MAX:
        return None
    return (
        f"The UTF-16 size of the JSON-serialized payload must not exceed {CUSTOM_STATUS_KB_MAX} "
        f"KB. The current payload size is {kilobytes} KB."
    )


def through_dotnet(text: str | None) -> str | None:
    """Return a JSON text as it comes back from .NET.

    `NaN` and `Infinity` have become strings, lone surrogates U+FFFD.
    """
    if text is None or not any(mark in text for mark in ("NaN", "Infinity", "\\ud", "\\uD")):
        return text
    try:
        value = json.loads(text, parse_constant=str)
    except ValueError:
        return text
    return json.dumps(_paired(value))


def _paired(value: Any) -> Any:
    if isinstance(value, dict):
        return {_paired(name): _paired(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_paired(item) for item in value]
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return value


def dumps(value: Any) -> str:
    """Return a value as JSON that .NET has written."""
    text = through_dotnet(json.dumps(value))
    assert text is not None
    return text


def nondeterministic(what: str) -> str:
    """Return the failure of an orchestration that does not repeat its history."""
    return (
        f"Non-Deterministic workflow detected: A previous execution of this orchestration {what}."
        " Was a change made to the orchestrator code after this instance had already started "
        "running?"
    )
