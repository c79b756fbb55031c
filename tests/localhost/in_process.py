"""Microsoft's worker library in this process, on an app that is written in the test."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import azure.functions as func
import azure_functions_runtime
import msgspec
from azure_functions_runtime import handle_event
from azure_functions_runtime.bindings.meta import load_binding_registry
from azure_functions_runtime.functions import Registry
from azure_functions_runtime.loader import process_indexed_function

from localhost.functions import Function, functions_of
from localhost.rpc import messages
from localhost.rpc.messages import (
    FunctionMetadataResponse,
    InvocationRequest,
    InvocationResponse,
    ToHost,
    ToWorker,
)
from localhost.worker.dispatcher import _request, _with_kinds

library: Any = azure_functions_runtime


class InProcess:
    """Indexes an app and runs its functions as the worker process does, without the process."""

    def __init__(self, app: func.FunctionRegister, folder: Path) -> None:
        self._registry = Registry()
        self._use()
        results, _ = process_indexed_function(
            messages, self._registry, app.get_functions(), str(folder)
        )
        self._indexed = _with_kinds(FunctionMetadataResponse(function_metadata_results=results))

    def _use(self) -> None:
        """The library keeps the functions of one app in its globals."""
        load_binding_registry()
        events: Any = handle_event
        events.protos = messages
        events._functions = self._registry
        if library.get_threadpool_executor() is None:
            library.start_threadpool_executor()

    def functions(self, environ: Mapping[str, str] | None = None) -> list[Function]:
        return functions_of(self._indexed.function_metadata_results or [], environ or {})

    async def __call__(self, request: InvocationRequest, _: Function) -> InvocationResponse:
        self._use()
        library.invocation_id_cv.set(request.invocation_id)
        sent: Any = over_the_wire(request, ToWorker)
        answer = await library.invocation_request(_request(invocation_request=sent))
        return over_the_wire(answer, ToHost)  # type: ignore[no-any-return]


def over_the_wire(message: Any, kinds: Any) -> Any:
    return msgspec.msgpack.decode(msgspec.msgpack.encode(message), type=kinds)


def index_functions(
    app: func.FunctionRegister, folder: Path, environ: Mapping[str, str] | None = None
) -> list[Function]:
    return InProcess(app, folder).functions(environ)
