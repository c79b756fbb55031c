"""The whole document, for any number of domains."""

import json
from collections.abc import Sequence
from typing import Any, Final

from domain.domain import AnyDomain
from domain.names import words
from triggers.http.openapi.components import headers, parameters, responses, shared_schemas
from triggers.http.openapi.domain_paths import paths_of
from triggers.http.openapi.domain_schemas import named, schemas_of
from triggers.http.openapi.parts import answers, content
from triggers.http.page import MEDIA_TYPES

VERSION: Final = "1.0.0"
"""Of the contract, not of the code behind it."""

DESCRIPTION: Final = (
    "A request is named by its key and its request id, for ever: sent again after a crash, a"
    " time-out or a year, it gets the same answer. The places in the log of a key are dense: 1, 2,"
    " 3 and so on; an entry never changes. So a reader that remembers the last place it has seen"
    " asks with `after` and gets each entry exactly once.\n\nAll that is not a success is"
    " `application/problem+json` (RFC 9457), apart from what the platform answers before the app"
    " is asked: 400 for an address or headers that it cannot read, 401 without a valid function"
    " key, 404 for an unknown route or method. A body needs a Content-Length and may not be"
    " compressed."
)


def document(domains: Sequence[AnyDomain]) -> dict[str, Any]:
    """Return the document as JSON."""
    paths: dict[str, Any] = {}
    schemas = shared_schemas()
    for domain in domains:
        paths |= paths_of(domain)
        schemas |= schemas_of(domain)
    names = ", ".join(words(each.plural) for each in domains)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"Effectively once: {names}",
            "version": VERSION,
            "summary": "A request has its effect once, however often it is sent.",
            "description": DESCRIPTION,
        },
        "servers": [{"url": "/"}],
        "security": [{"functionKey": []}, {"functionKeyInQuery": []}],
        "tags": _tags(domains),
        "x-domains": [_domain(each) for each in domains],
        "paths": paths | _open_paths(),
        "components": {
            "securitySchemes": {
                "functionKey": {"type": "apiKey", "in": "header", "name": "x-functions-key"},
                "functionKeyInQuery": {"type": "apiKey", "in": "query", "name": "code"},
            },
            "parameters": parameters(),
            "headers": headers(),
            "responses": responses(),
            "schemas": schemas,
        },
    }


def document_bytes(domains: Sequence[AnyDomain]) -> bytes:
    """Return the document as it is served."""
    return json.dumps(document(domains), ensure_ascii=False).encode()


def _domain(domain: AnyDomain) -> dict[str, Any]:
    """Say how the names in the paths and schemas belong together, for generic clients."""
    return {
        "name": domain.name,
        "plural": domain.plural,
        "key": domain.key.name,
        "keys": domain.key.plural,
        "place": domain.place,
        "requestId": domain.request_id,
        "request": named(domain).request,
        "versions": sorted(domain.compiled),
    }


def _tags(domains: Sequence[AnyDomain]) -> list[dict[str, str]]:
    tags = [
        {"name": each.plural, "description": f"{words(each.plural).capitalize()}."}
        for each in domains
    ]
    return [*tags, {"name": "operating", "description": "Anonymous."}]


_FILE: Final = {
    "name": "file",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "examples": ["main.js"]},
}


def _page(operation: str, summary: str) -> dict[str, Any]:
    text = {"schema": {"type": "string"}}
    found = dict.fromkeys(MEDIA_TYPES.values(), text)
    return {
        "operationId": operation,
        "tags": ["operating"],
        "summary": summary,
        "description": "Holds no data: its scripts call this API with the key that a person enters.",
        "security": [],
        "responses": {
            "200": {"description": "The file.", "content": found},
            "304": {"description": "The browser has it."},
            **answers(404, 500),
        },
    }


def _open_paths() -> dict[str, Any]:
    ok = {"type": "object", "properties": {"status": {"const": "ok"}}, "required": ["status"]}
    health = {
        "tags": ["operating"],
        "summary": "See whether requests can be accepted",
        "description": "The answer is up to ten seconds old.",
        "security": [],
    }
    unwell = answers(500, 503)
    head = {str(status): {"description": "As for GET."} for status in (200, 500, 503)}
    text = {"application/json": {"schema": {"type": "object"}}}
    return {
        "/api/health": {
            "get": {
                "operationId": "getHealth",
                **health,
                "responses": {
                    "200": {"description": "They can.", "content": content(ok)},
                    **unwell,
                },
            },
            "head": {"operationId": "headHealth", **health, "responses": head},
        },
        "/api/page": {"get": _page("getPage", "The page for people")},
        "/api/page/{file}": {
            "parameters": [_FILE],
            "get": _page("getPageFile", "A file of the page"),
        },
        "/api/openapi.json": {
            "get": {
                "operationId": "getOpenApi",
                "tags": ["operating"],
                "summary": "This document",
                "security": [],
                "responses": {"200": {"description": "OpenAPI 3.1.", "content": text}},
            }
        },
    }
