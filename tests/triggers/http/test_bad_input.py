"""Bad input: the answer says which field and why, and nothing is stored by any of it."""

import json
from typing import Any, Final

import azure.functions as func
import pytest

from tests.triggers.http.service import Service, pointers, read
from todos.model import TITLE_LENGTH_MAX

GOOD: Final = {"projectId": 7, "title": "Buy milk"}
TITLE: Final = {"title": "Buy milk"}

BODIES: Final[list[tuple[Any, str, str]]] = [
    (b"", "#", "is empty"),
    (b"Buy milk", "#", "is not JSON"),
    (b"{", "#", "is not JSON"),
    (b'"Buy milk"', "#", "must be an object"),
    ([GOOD], "#", "must be an object; it is an array"),
    (None, "#", "must be an object; it is null"),
    (b'{"title": "\xff"}', "#", "is not UTF-8 at byte 11"),
    (b"\xef\xbb\xbf{}", "#", "byte order mark"),
    (b"[" * 16_000, "#", "is nested too deeply"),
    ({}, "#/title", "is missing"),
    (b'{"title": "a", "title": "b"}', "#/title", "must not be there twice"),
    ({"title": " \t\n"}, "#/title", "it has 0"),
    ({"title": "\ufeff"}, "#/title", "it has 0"),
    ({"title": "x" * (TITLE_LENGTH_MAX + 1)}, "#/title", f"it has {TITLE_LENGTH_MAX + 1}"),
    ({"title": "a\x9fb"}, "#/title", "control character U+009F"),
    ({"title": True}, "#/title", "must be a string; it is a boolean"),
    (TITLE | {"due": "today"}, "#/due", "is not a known field"),
    (TITLE | {"id": 1}, "#/id", "is not a known field"),
]
"""Body without a key, the pointer and a part of the detail; for all calls with a body."""

KEYS: Final = ["", " ", "a b", "\u00fc", "a\x00", "a" * 256, '"a', '"a"b', "a/b", "..", "event:1"]

MEDIA_TYPES: Final = [
    *("", "text/plain", "application/x-www-form-urlencoded", "application/jsonx", "json"),
    *("application/problem+json", "application/json; charset=latin-1"),
]


async def refuses(
    service: Service, response: func.HttpResponse, status: int, pointer: str, detail: str
) -> None:
    assert response.status_code == status
    found = pointers(response)
    assert detail in found[pointer], found
    assert await service.is_empty(7, 8)


@pytest.mark.parametrize(("body", "pointer", "detail"), BODIES)
async def test_a_bad_body_posted(service: Service, body: Any, pointer: str, detail: str) -> None:
    if isinstance(body, dict):
        body = {"projectId": 7, **body}
    await refuses(service, await service.post(body), 400, pointer, detail)


@pytest.mark.parametrize(("body", "pointer", "detail"), BODIES)
async def test_a_bad_body_put(service: Service, body: Any, pointer: str, detail: str) -> None:
    await refuses(service, await service.put(7, "r", body), 400, pointer, detail)


async def test_missing_fields_are_told_all_at_once(service: Service) -> None:
    response = await service.post({"project": 7})
    assert pointers(response) == {
        "#/projectId": "is missing",
        "#/title": "is missing",
        "#/project": "is not a known field",
    }


@pytest.mark.parametrize("key", KEYS)
async def test_a_bad_idempotency_key(service: Service, key: str) -> None:
    response = await service.post(GOOD, Idempotency_Key=key)
    await refuses(service, response, 400, "header:Idempotency-Key", "")
    assert "Idempotency-Key" not in response.headers


@pytest.mark.parametrize("prefer", ["wait", "wait=99", "wait=x", "nonsense=1; a=b"])
async def test_a_bad_preference_fails_nothing(service: Service, prefer: str) -> None:
    assert (await service.post(GOOD, Prefer=prefer)).status_code == 201
    assert (await service.put(7, "r", TITLE, Prefer=prefer)).status_code == 201


@pytest.mark.parametrize("media_type", MEDIA_TYPES)
async def test_a_body_that_is_not_declared_to_be_json(service: Service, media_type: str) -> None:
    for response in (
        await service.post(GOOD, content_type=media_type),
        await service.put(7, "r", TITLE, content_type=media_type),
        await service.batch([GOOD | {"requestId": "r"}], content_type=media_type),
    ):
        await refuses(service, response, 415, "header:Content-Type", "must")


@pytest.mark.parametrize(
    "media_type", ['Application/JSON; charset="UTF-8"', "application/json ; x=y"]
)
async def test_json_may_be_declared_with_parameters(service: Service, media_type: str) -> None:
    assert (await service.post(GOOD, content_type=media_type)).status_code == 201


async def test_a_compressed_body_is_refused_as_such(service: Service) -> None:
    response = await service.post(b"\x1f\x8b\x08", content_encoding="gzip")
    await refuses(service, response, 415, "header:Content-Encoding", "compressed")
    assert (await service.post(GOOD, content_encoding="identity")).status_code == 201


async def test_a_body_beyond_the_limit(service: Service) -> None:
    for response in (
        await service.post(GOOD | {"title": "x" * 2**20}),
        await service.post(b" " * 2**20),
        await service.post(b"x" * (64 * 1024 + 1)),
        await service.put(7, "r", {"title": "x" * 2**20}),
        await service.batch(b"[" + b" " * 2**22 + b"]"),
    ):
        assert response.status_code == 413
        assert read(response)["type"] == "/problems/body-too-large"
        assert await service.is_empty(7)


async def test_the_largest_body_is_not_too_large(service: Service) -> None:
    body = json.dumps(GOOD).encode()
    assert (await service.post(body + b" " * (64 * 1024 - len(body)))).status_code == 201


@pytest.mark.parametrize(
    "project", ["", "abc", "0", "-1", "2147483648", "7.0", "07", "+7", "1e3", "\u0667", "7%2F"]
)
async def test_a_bad_key_in_the_address(service: Service, project: str) -> None:
    for response in (
        await service.put(project, "r", TITLE),
        await service.get("key", projectId=project),
        await service.get("log", projectId=project),
        await service.get("entry", projectId=project, id=1),
        await service.get("request", projectId=project, requestId="r"),
    ):
        detail = "must be an integer from 1 to 2147483647"
        await refuses(service, response, 400, "path:projectId", detail)


@pytest.mark.parametrize(
    "request_id",
    [
        "",
        "a b",
        "\u00fc",
        "a" * 256,
        "a\x00",
        "a/",
        "/",
        "a/b",
        "a%2Fb",
        "a%252Fb",
        ".",
        "..",
        "a\\",
    ],
)
async def test_a_bad_request_id_in_the_address(service: Service, request_id: str) -> None:
    await refuses(service, await service.put(7, request_id, TITLE), 400, "path:requestId", "must")
    found = await service.get("request", projectId=7, requestId=request_id)
    await refuses(service, found, 400, "path:requestId", "must")


async def test_a_slash_that_the_router_took_away_is_refused(service: Service) -> None:
    route = {"projectId": "7", "requestId": "r"}
    req = func.HttpRequest(
        "PUT",
        "http://127.0.0.1/api/projects/7/requests/r/?code=x",
        headers={"content-type": "application/json"},
        route_params=route,
        body=json.dumps(TITLE).encode(),
    )
    response = await service.writing.put(req, None)
    await refuses(service, response, 400, "path:requestId", "must not hold the character /")


async def test_no_client_claims_the_id_of_an_event(service: Service) -> None:
    for response in (
        await service.put(7, "event:hub:0:17", TITLE),
        await service.post(GOOD, Idempotency_Key="event:hub:0:17"),
    ):
        assert response.status_code == 400
    (result,) = read(await service.batch([GOOD | {"requestId": "event:hub:0:17"}]))["results"]
    assert result["status"] == "invalid"
    assert await service.is_empty(7)


@pytest.mark.parametrize("place", ["0", "-1", "abc", "2147483648", "1.0", "01", "9" * 5_000, ""])
async def test_a_place_that_cannot_be_is_not_found(service: Service, place: str) -> None:
    response = await service.get("entry", projectId=7, id=place)
    await refuses(service, response, 404, "path:id", "must be an integer from 1 to 2147483647")


@pytest.mark.parametrize(
    "after", ["-1", "2147483648", "9" * 5_000, "abc", "1.0", "1,2", " 1", "1e3", ""]
)
@pytest.mark.parametrize("limit", ["-1", "0", "1001", "9" * 5_000, "abc", "5,5", ""])
async def test_a_bad_page(service: Service, after: str, limit: str) -> None:
    response = await service.get("log", {"after": after, "limit": limit}, projectId=7)
    assert response.status_code == 400
    assert pointers(response) == {
        "query:after": "must be an integer from 0 to 2147483647",
        "query:limit": "must be an integer from 1 to 1000",
    }


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"", "is empty"),
        (b"nothing", "is not JSON"),
        (b"[]", "must have 1 to 1000 items; it has 0"),
        ([GOOD] * 1_001, "must have 1 to 1000 items; it has more"),
        (GOOD, "must be an array; it is an object"),
        (None, "must be an array; it is null"),
        (b'[{"title": "\xff"}]', "is not UTF-8"),
    ],
)
async def test_a_bad_batch(service: Service, body: Any, detail: str) -> None:
    await refuses(service, await service.batch(body), 400, "#", detail)


async def test_a_batch_that_breaks_off_stores_nothing(service: Service) -> None:
    items = json.dumps([GOOD | {"requestId": f"r{each}"} for each in range(900)]).encode()
    response = await service.batch(items[:-1] + b",")
    assert response.status_code == 400
    assert await service.is_empty(7)


@pytest.mark.parametrize(
    ("body", "pointer", "detail"), [b for b in BODIES if isinstance(b[0], dict)]
)
async def test_bad_items_are_told_apart(
    service: Service, body: dict[str, Any], pointer: str, detail: str
) -> None:
    item = {"projectId": 7, "requestId": "r", **body}
    response = await service.batch([item, item])
    assert response.status_code == 202
    for place, result in enumerate(read(response)["results"]):
        assert result["status"] == "invalid"
        errors = {each["pointer"]: each["detail"] for each in result["errors"]}
        assert detail in errors[pointer.replace("#", f"#/{place}", 1)]
    assert await service.is_empty(7)
