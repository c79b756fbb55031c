"""Which dialect of the Durable protocol an app speaks: JSON (SDK 1.x), or protobuf (SDK 2.x).

As in the extension, the app says so: in its bindings, `durableRequiresGrpc`.
"""

import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from importlib import import_module
from typing import Any, Final

from localhost.errors import StartError
from localhost.functions import Function
from localhost.taskhub import TaskHub
from localhost.taskhub.parts import Parts

ASKED_FOR: Final = "durableRequiresGrpc"
_PACKAGE: Final = "localhost.taskhub.protobuf"


def needs_grpc(functions: Iterable[Function]) -> bool:
    """Tell whether the app speaks protobuf."""
    return any(binding.get(ASKED_FOR) for each in functions for binding in each.bindings)


def parts_for(functions: Iterable[Function]) -> Parts:
    """Return the parts of the engine that speak as the app does. Raises StartError."""
    if not needs_grpc(functions):
        return Parts()
    parts: Parts = _protobuf().PARTS
    return parts


def _protobuf() -> Any:
    try:
        return import_module(_PACKAGE)
    except ImportError as error:
        raise StartError(f"the app needs gRPC for its durable functions: {error}") from error


@asynccontextmanager
async def client_payload(
    functions: Iterable[Function], hub: TaskHub, payload: str, *, apart: bool
) -> AsyncIterator[str]:
    """Yield what durable client parameters get, and answer the clients made of it."""
    if not needs_grpc(functions):
        yield payload
        return
    management = (lambda: hub.management_apart) if apart else (lambda: hub.management)
    async with _protobuf().serving(management) as address:
        told = json.loads(payload)
        yield json.dumps({**told, "rpcBaseUrl": address, "httpBaseUrl": told["baseUrl"]})
