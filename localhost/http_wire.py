"""A request as a function gets it (host-protocol 2.1), and what the host itself has to say."""

from collections.abc import Mapping

from aiohttp import web

from localhost.http_server import Request
from localhost.http_target import parse_query, url_of
from localhost.rpc.messages import RpcHttp, TypedData


def joined_headers(request: Request) -> dict[str, str]:
    """Return the headers with names in lower case, repeated ones joined with commas.

    Empty values among several are left out.
    """
    headers: dict[str, str] = {}
    for name, value in request.headers.items():
        key = name.lower()
        if key == "connection" and value.lower() == "close":
            value = "close"  # noqa: PLW2901 - Kestrel shows its own text
        before = headers.get(key)
        headers[key] = f"{before},{value}" if before and value else before or value
    return headers


def rpc_request(
    request: Request, body: bytes, path: str, query: str, route_values: Mapping[str, str]
) -> RpcHttp:
    """Return what a function is called with; `path` is decoded."""
    headers = joined_headers(request)
    return RpcHttp(
        method=request.method.upper(),
        url=url_of(headers.get("host", ""), path, query),
        headers=headers,
        query=parse_query(query) if query else {},
        params=dict(route_values),
        body=TypedData(bytes=body) if body else TypedData(),
    )


def message_response(text: str, status: int) -> web.Response:
    """Return an answer of the host itself that says what is wrong."""
    return web.json_response({"Message": text}, status=status)
