"""`GET /api/page`: the page for people. Its files hold no data; its scripts ask the API with a key."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import azure.functions as func

from triggers.http.kinds import NOT_FOUND
from triggers.http.problems import Problem

FOLDER: Final = Path(__file__).parents[2] / "page"

INDEX: Final = "index.html"

MEDIA_TYPES: Final = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
"""By suffix; other files of the folder are not served."""

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
"""Files of this app only, and no text ever becomes markup: the last two refuse `innerHTML`."""

HEADERS: Final = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Asked about each time: scripts of two releases must not meet.
    "Cache-Control": "no-cache",
}


@dataclass(frozen=True, slots=True)
class File:
    """One that is served."""

    content: bytes
    media_type: str
    etag: str


@cache
def files() -> Mapping[str, File]:
    """Return the files by name. Nothing else can be asked for, whatever a path says."""
    return {
        each.name: _read(each)
        for each in sorted(FOLDER.iterdir())
        if each.is_file() and each.suffix in MEDIA_TYPES
    }


async def get(req: func.HttpRequest) -> func.HttpResponse:
    """200 with the file, 304 when the browser has it, 404."""
    file = files().get(req.route_params.get("file") or INDEX)
    if file is None:
        raise Problem(NOT_FOUND, "The page has no such file.")
    headers = {**HEADERS, "ETag": file.etag}
    if req.headers.get("if-none-match") == file.etag:
        return func.HttpResponse(status_code=304, headers=headers)
    return func.HttpResponse(
        file.content, mimetype=file.media_type, charset="utf-8", headers=headers
    )


def _read(path: Path) -> File:
    content = path.read_bytes()
    etag = hashlib.sha256(content).hexdigest()[:32]
    return File(content, MEDIA_TYPES[path.suffix], f'"{etag}"')
