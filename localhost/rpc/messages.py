"""The messages between host and worker, named as in FunctionRpc.

Source: FunctionRpc.proto of azure-functions-language-worker-protobuf. Only members that a host or
Microsoft's worker library for Python reads are here. The library builds its answers from these
classes (it is handed this module as `protos`), so their names and members are its names.
"""

from datetime import timedelta
from enum import IntEnum
from typing import Any, ClassVar, TypeAlias

from msgspec import Struct, field

Texts = dict[str, str]
Bytes: TypeAlias = bytes
Int: TypeAlias = int
"""Members are called `bytes` and `int`."""


class Message(Struct, omit_defaults=True, gc=False):
    """A part of what is sent; what is not set is not sent."""


class CollectionBytes(Message):
    """Bodies of several events."""

    bytes: list[Bytes] = field(default_factory=list)


class CollectionString(Message):
    """Texts of several events."""

    string: list[str] = field(default_factory=list)


class CollectionSInt64(Message):
    """Numbers of several events."""

    sint64: list[int] = field(default_factory=list)


class NullableString(Message):
    """A text that may be absent."""

    value: str = ""


class NullableBool(Message):
    """A flag that may be absent."""

    value: bool = False


class NullableDouble(Message):
    """A number that may be absent."""

    value: float = 0.0


class Timestamp(Message):
    """Seconds since 1970, UTC."""

    seconds: int = 0


class NullableTimestamp(Message):
    """A time that may be absent."""

    value: Timestamp | None = None


class SameSite(IntEnum):
    """The attribute of a cookie; the member for "not said" is called None."""

    Lax = 1
    Strict = 2
    ExplicitNone = 3


setattr(SameSite, "None", 0)


class RpcHttpCookie(Message):
    """One `Set-Cookie`, taken apart."""

    SameSite: ClassVar[type[SameSite]] = SameSite

    name: str = ""
    value: str = ""
    domain: NullableString | None = None
    path: NullableString | None = None
    expires: NullableTimestamp | None = None
    secure: NullableBool | None = None
    http_only: NullableBool | None = None
    same_site: int = 0
    max_age: NullableDouble | None = None


class TypedData(Message):
    """One value; exactly one member is set, or none for nothing at all."""

    string: str | None = None
    json: str | None = None
    bytes: Bytes | None = None
    http: "RpcHttp | None" = None
    int: Int | None = None
    double: float | None = None
    collection_bytes: CollectionBytes | None = None
    collection_string: CollectionString | None = None
    collection_sint64: CollectionSInt64 | None = None

    @property
    def TypedData(self) -> "TypedData":  # noqa: N802 - the library asks for it
        """The value itself."""
        return self

    def WhichOneof(self, _: str) -> str | None:  # noqa: N802 - the name in protobuf
        """Return the name of the member that is set."""
        for name in self.__struct_fields__:
            if getattr(self, name) is not None:
                return name
        return None


class RpcHttp(Message):
    """A request (method, url, headers, query, params: of the route, body) or a response."""

    method: str = ""
    url: str = ""
    headers: Texts = field(default_factory=dict)
    query: Texts = field(default_factory=dict)
    params: Texts = field(default_factory=dict)
    body: TypedData = field(default_factory=TypedData)
    status_code: str = ""
    """As the function gave it: not necessarily a number."""
    cookies: list[RpcHttpCookie] | None = None
    enable_content_negotiation: bool = False


class ParameterBinding(Message):
    """A parameter of a function and its value."""

    name: str
    data: TypedData | None = None

    def WhichOneof(self, _: str) -> str | None:  # noqa: N802 - the name in protobuf
        """Return the name of the member that is set."""
        return None if self.data is None else "data"


class RpcException(Message):
    """Why something failed: `{Type}: {text}`, and the traceback."""

    message: str = ""
    stack_trace: str = ""
    source: str = ""


class StatusResult(Message):
    """Whether something worked, else why not."""

    Failure: ClassVar[int] = 0
    Success: ClassVar[int] = 1
    Cancelled: ClassVar[int] = 2

    status: int = 0
    exception: RpcException | None = None


class RpcTraceContext(Message):
    """W3C trace context of what fired a function; empty texts when there is none."""

    trace_parent: str = ""
    trace_state: str = ""
    attributes: Texts = field(default_factory=dict)


class RetryContext(Message):
    """Which attempt this is; 0 of 0 for a function that is not being retried."""

    retry_count: int = 0
    max_retry_count: int = 0
    exception: RpcException | None = None


class WorkerMetadata(Message):
    """What the worker is, for logs."""

    runtime_name: str = ""
    runtime_version: str = ""
    worker_version: str = ""
    worker_bitness: str = ""
    custom_properties: Texts = field(default_factory=dict)


class BindingInfo(Message):
    """A binding in short; `raw_bindings` of a function say more."""

    inout: ClassVar[int] = 2
    out: ClassVar[int] = 1
    undefined: ClassVar[int] = 0

    type: str = ""
    direction: Any = 0
    data_type: Any = None


class RpcRetryOptions(Message):
    """The retry policy of a function; `max_retry_count` -1 is without end."""

    max_retry_count: int = 0
    retry_strategy: str = ""
    """`fixed_delay` or `exponential_backoff`."""
    delay_interval: timedelta | None = None
    minimum_interval: timedelta | None = None
    maximum_interval: timedelta | None = None


class RpcFunctionMetadata(Message):
    """A function as the worker has indexed it."""

    name: str = ""
    function_id: str = ""
    directory: str = ""
    script_file: str = ""
    entry_point: str = ""
    language: str = ""
    is_proxy: bool = False
    managed_dependency_enabled: bool = False
    bindings: dict[str, BindingInfo] = field(default_factory=dict)
    raw_bindings: list[str] = field(default_factory=list)
    """JSON objects as in a function.json."""
    retry_options: RpcRetryOptions | None = None
    properties: Texts = field(default_factory=dict)


# The messages themselves. Each answer names what it answers by an id, or is the only one.


class WorkerInitRequest(Message, tag="worker_init_request"):
    """Host to worker, first of all: load and index the app."""

    function_app_directory: str = ""
    host_version: str = ""
    capabilities: Texts = field(default_factory=dict)


class WorkerInitResponse(Message, tag="worker_init_response"):
    """The app was loaded, or why not: then there are no functions."""

    capabilities: Texts = field(default_factory=dict)
    worker_metadata: WorkerMetadata | None = None
    result: StatusResult = field(default_factory=StatusResult)


class FunctionsMetadataRequest(Message, tag="functions_metadata_request"):
    """Host to worker: name the functions."""

    function_app_directory: str = ""


class FunctionMetadataResponse(Message, tag="function_metadata_response"):
    """The functions."""

    use_default_metadata_indexing: bool = False
    function_metadata_results: list[RpcFunctionMetadata] | None = None
    result: StatusResult = field(default_factory=StatusResult)


class FunctionLoadRequest(Message, tag="function_load_request"):
    """Host to worker: make ready to run this function."""

    function_id: str
    metadata: RpcFunctionMetadata | None = None


class FunctionLoadResponse(Message, tag="function_load_response"):
    """It is ready, or why not."""

    function_id: str = ""
    result: StatusResult = field(default_factory=StatusResult)


class InvocationRequest(Message, tag="invocation_request"):
    """Host to worker: run this function."""

    invocation_id: str
    function_id: str
    input_data: list[ParameterBinding] = field(default_factory=list)
    trigger_metadata: dict[str, TypedData] = field(default_factory=dict)
    trace_context: RpcTraceContext = field(default_factory=RpcTraceContext)
    retry_context: RetryContext = field(default_factory=RetryContext)


class InvocationResponse(Message, tag="invocation_response"):
    """What a function returned, or why it failed."""

    invocation_id: str = ""
    return_value: TypedData | None = None
    output_data: list[ParameterBinding] = field(default_factory=list)
    result: StatusResult = field(default_factory=StatusResult)


class InvocationCancel(Message, tag="invocation_cancel"):
    """Host to worker: a function has run over its time; an `async def` is cancelled."""

    invocation_id: str


class RpcLog(Message, tag="rpc_log"):
    """A log line of the app; `invocation_id` is empty outside of invocations."""

    level: int = 20
    """As in Python's logging."""
    category: str = ""
    message: str = ""
    invocation_id: str = ""
    exception: str = ""
    """The traceback."""


class HubRequest(Message, tag="hub_request"):
    """Worker to host, not in FunctionRpc: a call of a durable client, which is HTTP on Azure."""

    call_id: int
    method: str
    target: str
    """Path and query, as they would stand in a request line."""
    headers: Texts
    body: bytes


class HubResponse(Message, tag="hub_response"):
    """Host to worker: the answer to such a call; its body is JSON or empty."""

    call_id: int
    status: int
    body: bytes


class WorkerTerminate(Message, tag="worker_terminate"):
    """Host to worker: nothing more will come; end."""


ToWorker = (
    WorkerInitRequest
    | FunctionsMetadataRequest
    | FunctionLoadRequest
    | InvocationRequest
    | InvocationCancel
    | HubResponse
    | WorkerTerminate
)
ToHost = (
    WorkerInitResponse
    | FunctionMetadataResponse
    | FunctionLoadResponse
    | InvocationResponse
    | RpcLog
    | HubRequest
)
