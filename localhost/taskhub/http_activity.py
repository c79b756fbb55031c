"""`call_http` of an orchestrator: one request by the host, as the extension makes it.

A request that was answered is a result, whatever its status; one that was not is a failed task.
What a 202 leads to is decided by the replay (`replay.py`).
"""

import errno
import json
import os
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp

from localhost.taskhub.actions import InvalidAction
from localhost.taskhub.worker_port import FunctionFailed

NAME: Final = "BuiltIn::HttpActivity"
"""The name of the activity in histories."""
ACCEPTED: Final = 202
_PLAIN: Final = "text/plain"


async def send(request: str) -> str:
    """Make the request that `call_http` describes, as JSON; return the response as JSON.

    Raises FunctionFailed when there is no answer, or it cannot be made here.
    """
    asked = json.loads(request)
    if asked.get("tokenSource"):
        raise FunctionFailed("localhost has no managed identity for a tokenSource of call_http")
    headers = {str(name): str(value) for name, value in (asked.get("headers") or {}).items()}
    content = asked.get("content")
    if any(n.lower() == "content-type" and "multipart" in v for n, v in headers.items()):
        raise FunctionFailed("Multipart content is not supported with CallHttpAsync.")
    if content is not None and not any(name.lower() == "content-type" for name in headers):
        headers["Content-Type"] = _PLAIN
    body = None if content is None else content.encode()
    try:
        return await _answered(asked["method"], asked["uri"], headers, body)
    except aiohttp.ClientConnectorError as error:
        # As .NET says it: "Connection refused (127.0.0.1:9)".
        said = os.strerror(error.os_error.errno or errno.EHOSTUNREACH)
        raise FunctionFailed(f"{said} ({error.host}:{error.port})") from error
    except (aiohttp.ClientError, ValueError) as error:
        raise FunctionFailed(f"An error occurred while sending the request. {error}") from error


async def _answered(method: str, uri: str, headers: dict[str, str], body: bytes | None) -> str:
    async with (
        aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=None),
            auto_decompress=False,
            skip_auto_headers=("Content-Type", "Accept-Encoding"),
        ) as session,
        session.request(method, uri, headers=headers, data=body) as answer,
    ):
        told: dict[str, Any] = {}
        for name in answer.headers:
            values = answer.headers.getall(name)
            told[name] = values[0] if len(values) == 1 else values
        text = (await answer.read()).decode(answer.charset or "utf-8", "replace")
        return json.dumps({"statusCode": answer.status, "headers": told, "content": text})


def location_request(request: dict[str, Any], response: dict[str, Any]) -> dict[str, Any] | None:
    """Return the request that looks for what a 202 has promised, None for any other response.

    It has the headers of the first one but for its function key, and no content. Raises
    InvalidAction when the response does not say where to look.
    """
    if response["statusCode"] != ACCEPTED:
        return None
    location = header(response, "Location")
    if location is None:
        raise InvalidAction("The given key 'Location' was not present in the dictionary.")
    if not urlsplit(location).scheme:
        raise InvalidAction("Invalid URI: The format of the URI could not be determined.")
    headers = request.get("headers") or {}
    kept = {name: text for name, text in headers.items() if name.lower() != "x-functions-key"}
    return {**request, "method": "GET", "uri": location, "headers": kept, "content": None}


def pause_seconds(response: dict[str, Any]) -> int | None:
    """Return its Retry-After, None without any. Raises InvalidAction when it is no number."""
    text = header(response, "Retry-After")
    if text is not None and not text.isdecimal():
        raise InvalidAction(f"The input string '{text}' was not in a correct format.")
    return None if text is None else int(text)


def header(response: dict[str, Any], name: str) -> str | None:
    """Return a header of a response."""
    for key, value in response["headers"].items():
        if key.lower() == name.lower():
            return str(value if isinstance(value, str) else value[0])
    return None
