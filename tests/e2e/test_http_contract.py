"""The HTTP contract over the wire: what only shows between a real client and a real server."""

import json
import socket
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
import requests

from tests.e2e.client import Client
from todos.model import TITLE_LENGTH_MAX

pytestmark = pytest.mark.todos

TITLE = {"title": "Buy milk"}


def milk(project_id: int, **more: Any) -> dict[str, Any]:
    return {"projectId": project_id, **TITLE, **more}


def is_problem(response: requests.Response, status: int, kind: str) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert body["type"] == f"/problems/{kind}"
    assert body["status"] == status
    return body


def test_repeat_of_a_request_gets_its_todo_again(client: Client, project_id: int) -> None:
    first = client.post(milk(project_id), Idempotency_Key="k")
    assert first.status_code == 201
    assert first.json() == {"projectId": project_id, "id": 1, "title": "Buy milk"}
    assert first.headers["Content-Type"] == "application/json"
    assert first.headers["Idempotency-Key"] == "k"
    assert "Idempotency-Replayed" not in first.headers
    again = client.post(milk(project_id), Idempotency_Key='"k"', Prefer="wait=10")
    assert again.status_code == 201
    assert again.content == first.content
    assert again.headers["Location"] == first.headers["Location"]
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.headers["Preference-Applied"] == "wait=10"
    assert client.get(first.headers["Location"]).content == first.content
    other = client.post(milk(project_id, title="x"), Idempotency_Key="k")
    is_problem(other, 422, "idempotency-key-reused")
    assert client.get(f"/api/projects/{project_id}").json()["last"] == 1


def test_twenty_clients_with_one_key_get_one_todo(client: Client, project_id: int) -> None:
    def ask(_: int) -> bytes:
        response = client.post(milk(project_id), Idempotency_Key="k", Prefer="wait=30")
        assert response.status_code == 201
        return bytes(response.content)

    with ThreadPoolExecutor(20) as pool:
        assert len(set(pool.map(ask, range(20)))) == 1
    assert [each["id"] for each in client.log_of(project_id)] == [1]


def test_client_that_does_not_wait_follows_the_location(client: Client, project_id: int) -> None:
    key = "order:17;a=b&c+d@e~f'(g)*,$!\"<>^`{|}[]"
    response = client.post(milk(project_id), Idempotency_Key=key, Prefer="respond-async")
    assert response.status_code == 202
    assert response.json() == {"status": "accepted", "projectId": project_id, "requestId": key}
    assert int(response.headers["Retry-After"]) > 0
    assert response.headers["Preference-Applied"] == "respond-async"
    # Asking again with a wait ends when the TODO is there; then the address has it as well.
    done = client.post(milk(project_id), Idempotency_Key=key, Prefer="wait=30")
    assert done.status_code == 201
    found = client.get(response.headers["Location"])
    assert found.status_code == 200
    assert found.content == done.content


VISIBLE = [chr(each) for each in range(0x21, 0x7F)]
FORBIDDEN = set("/\\?#%")


@pytest.mark.parametrize("path", ["r", "a:b", "~%22%7B", "%41", "...", "a%20b".replace("%20", "+")])
def test_request_put_at_an_address_is_found_there(
    client: Client, project_id: int, path: str
) -> None:
    put = client.put(project_id, path, TITLE, Prefer="wait=30")
    assert put.status_code == 201, put.text
    again = client.put(project_id, path, TITLE, Prefer="wait=30")
    assert again.content == put.content
    assert again.headers["Idempotency-Replayed"] == "true"
    found = client.get(f"/api/projects/{project_id}/requests/{path}")
    assert found.status_code == 200
    assert found.content == put.content


def test_each_character_of_a_request_id_leads_to_itself(client: Client, project_id: int) -> None:
    """The address of a request is its id: every `Location` leads to its own request."""
    forms = ("{}", "a{}", "{}a")
    ids = list(dict.fromkeys(form.format(each) for each in VISIBLE for form in forms))
    allowed = [each for each in ids if not FORBIDDEN & set(each) and each != "."]
    items = [milk(project_id, requestId=each) for each in ids]
    results = client.post(items, "/api/todos/batch").json()["results"]
    taken = [each["requestId"] for each in results if each["status"] == "accepted"]
    assert taken == allowed
    assert client.put(project_id, "last", TITLE, Prefer="wait=30").status_code == 201
    seen = set()
    for each in allowed:
        done = client.post(milk(project_id), Idempotency_Key=quoted(each), Prefer="wait=30")
        assert done.status_code == 201, each
        at = f"/api/projects/{project_id}/requests/{quote(each, safe='')}"
        assert client.get(at).content == done.content, each
        seen.add(done.json()["id"])
    assert len(seen) == len(allowed)


def quoted(request_id: str) -> str:
    escaped = request_id.replace('"', '\\"')
    return f'"{escaped}"'


@pytest.mark.parametrize(
    "path", ["a/b", "a/", "a%2Fb", "a%2fb", "a%252Fb", "a%3Fb", "a%23b", "a%5Cb"]
)
def test_address_that_could_be_two_ids_is_refused(
    client: Client, project_id: int, path: str
) -> None:
    url = f"{client.base_url}/api/projects/{project_id}/requests/{path}"
    for method in ("PUT", "GET"):
        sent = requests.Request(method, url, json=TITLE if method == "PUT" else None)
        prepared = client.session.prepare_request(sent)
        prepared.url = url  # as it is: the library would normalise it
        response = client.session.send(prepared, timeout=60)
        errors = is_problem(response, 400, "invalid-request")["errors"]
        assert [each["pointer"] for each in errors] == ["path:requestId"]
    assert client.get(f"/api/projects/{project_id}").json()["pending"] == 0


def test_batch_over_projects_is_numbered_densely(client: Client, project_id: int) -> None:
    other = project_id - 1
    items = [milk(project_id - i % 2, requestId=f"r{i}") for i in range(200)]
    items[7] = {"projectId": True, "title": "", "requestId": "r7"}
    response = client.post(items, "/api/todos/batch")
    assert response.status_code == 202
    results = response.json()["results"]
    assert [each["status"] for each in results[:7]] == ["accepted"] * 7
    assert {each["pointer"] for each in results[7]["errors"]} == {"#/7/projectId", "#/7/title"}
    # Each of these waits for one of the last of its project.
    for request_id, project in (("r198", project_id), ("r199", other)):
        assert client.put(project, request_id, TITLE, Prefer="wait=30").status_code == 201
    for i in range(200):
        if i != 7:
            done = client.put(project_id - i % 2, f"r{i}", TITLE, Prefer="wait=30")
            assert done.status_code == 201
    assert [each["id"] for each in client.log_of(project_id)] == list(range(1, 101))
    assert [each["id"] for each in client.log_of(other)] == list(range(1, 100))
    repeated = client.post(items, "/api/todos/batch").json()["results"]
    assert {each["status"] for each in repeated} == {"created", "invalid"}
    assert repeated[0]["todo"]["projectId"] == project_id


def test_reader_resumes_after_the_number_it_remembers(client: Client, project_id: int) -> None:
    titles = ["ä\N{PILE OF POO}\u2028\u00df", '"\\/', "x" * TITLE_LENGTH_MAX]
    for title in titles:
        assert client.post(milk(project_id, title=title), Prefer="wait=30").status_code == 201
    path = f"/api/projects/{project_id}/todos"
    page = client.get(path, params={"limit": 2}).json()
    assert [each["title"] for each in page["todos"]] == titles[:2]
    page = client.get(page["next"]).json()
    assert [each["title"] for each in page["todos"]] == titles[2:]
    assert page["next"] is None
    assert client.get(path, params={"after": 3}).json() == {"todos": [], "next": None}
    assert client.get(f"/api/projects/{project_id}").json()["last"] == 3


BAD_BODIES = [
    (b"", "#"),
    (b"Buy milk", "#"),
    (b"[]", "#"),
    (b"\x00", "#"),
    (b'{"projectId": 7, "title": "\xff"}', "#"),
    (b'{"title": "x"}', "#/projectId"),
    (b'{"projectId": true, "title": "x"}', "#/projectId"),
    (b'{"projectId": "7", "title": "x"}', "#/projectId"),
    (b'{"projectId": 7.0, "title": "x"}', "#/projectId"),
    (b'{"projectId": NaN, "title": "x"}', "#/projectId"),
    (b'{"projectId": 0, "title": "x"}', "#/projectId"),
    (b'{"projectId": 2147483648, "title": "x"}', "#/projectId"),
    (b'{"projectId": %s, "title": "x"}' % (b"9" * 5_000), "#/projectId"),
    (b'{"projectId": 7, "projectId": 8, "title": "x"}', "#/projectId"),
    (b'{"projectId": 7}', "#/title"),
    (b'{"projectId": 7, "title": ""}', "#/title"),
    (b'{"projectId": 7, "title": "\\ufeff"}', "#/title"),
    (b'{"projectId": 7, "title": "%s"}' % (b"x" * (TITLE_LENGTH_MAX + 1)), "#/title"),
    (b'{"projectId": 7, "title": "a\\u0000b"}', "#/title"),
    (b'{"projectId": 7, "title": "\\ud800"}', "#/title"),
    (b'{"projectId": 7, "title": "x", "due": "today"}', "#/due"),
]


@pytest.mark.parametrize(("body", "pointer"), BAD_BODIES)
def test_bad_body_is_told_and_nothing_is_stored(
    client: Client, project_id: int, body: bytes, pointer: str
) -> None:
    sent = body.replace(b": 7", b": %d" % project_id)
    headers = {"Content-Type": "application/json"}
    response = client.call("POST", "/api/todos", data=sent, headers=headers)
    errors = is_problem(response, 400, "invalid-request")["errors"]
    assert [each["pointer"] for each in errors] == [pointer]
    assert client.get(f"/api/projects/{project_id}").json() == {
        "projectId": project_id,
        "last": 0,
        "pending": 0,
    }


def test_bad_headers_are_told_by_name(client: Client, project_id: int) -> None:
    for headers, pointer in (
        ({"Idempotency_Key": "a b"}, "header:Idempotency-Key"),
        ({"Idempotency_Key": "a" * 256}, "header:Idempotency-Key"),
        ({"Idempotency_Key": ""}, "header:Idempotency-Key"),
        ({"Idempotency_Key": "a/b"}, "header:Idempotency-Key"),
        ({"Idempotency_Key": ".."}, "header:Idempotency-Key"),
        ({"Idempotency_Key": "event:hub:0:17"}, "header:Idempotency-Key"),
    ):
        response = client.post(milk(project_id), **headers)
        errors = is_problem(response, 400, "invalid-request")["errors"]
        assert [each["pointer"] for each in errors] == [pointer]
    response = client.call("POST", "/api/todos", data=json.dumps(milk(project_id)))
    is_problem(response, 415, "not-json")
    response = client.post(milk(project_id), Content_Encoding="gzip")
    is_problem(response, 415, "not-json")
    response = client.post(milk(project_id, title="x" * 2**20))
    is_problem(response, 413, "body-too-large")
    assert client.get(f"/api/projects/{project_id}").json()["pending"] == 0


@pytest.mark.parametrize(
    ("path", "status", "pointer"),
    [
        ("/api/projects/abc", 400, "path:projectId"),
        ("/api/projects/0", 400, "path:projectId"),
        ("/api/projects/2147483648/todos", 400, "path:projectId"),
        ("/api/projects/7.0/todos/1", 400, "path:projectId"),
        ("/api/projects/%00/todos/1", 400, "path:projectId"),
        ("/api/projects/-7/requests/r", 400, "path:projectId"),
        ("/api/projects/7/todos?after=-1", 400, "query:after"),
        ("/api/projects/7/todos?after=99999999999999999999", 400, "query:after"),
        ("/api/projects/7/todos?limit=0", 400, "query:limit"),
        ("/api/projects/7/todos?limit=1001", 400, "query:limit"),
        ("/api/projects/7/todos?limit=5&limit=6", 400, "query:limit"),
        ("/api/projects/7/todos?after=", 400, "query:after"),
        ("/api/projects/7/todos/0", 404, "path:id"),
        ("/api/projects/7/todos/abc", 404, "path:id"),
        ("/api/projects/7/requests/%C3%BC", 400, "path:requestId"),
    ],
)
def test_bad_address_is_told_by_parameter(
    client: Client, path: str, status: int, pointer: str
) -> None:
    response = client.get(path)
    if "%00" in path and "Content-Type" not in response.headers:
        assert response.status_code == 400  # the server itself refuses it, as Kestrel does
        return
    kind = {400: "invalid-request", 404: "not-found"}[status]
    errors = is_problem(response, status, kind)["errors"]
    assert [each["pointer"] for each in errors] == [pointer]


def test_what_is_not_there_is_not_found(client: Client, project_id: int) -> None:
    for path in ("todos/1", "todos/2147483647", "requests/never", "requests/event:hub:0:17"):
        response = client.get(f"/api/projects/{project_id}/{path}")
        assert "errors" not in is_problem(response, 404, "not-found")
    # These come from the platform, before the app.
    for method, path in (("DELETE", "/api/todos"), ("GET", "/api/nothing")):
        assert client.call(method, path).status_code == 404


def test_health_and_document_need_no_key(base_url: str) -> None:
    anonymous = Client(base_url)
    assert anonymous.get("/api/health").json() == {"status": "ok"}
    assert anonymous.call("HEAD", "/api/health").status_code == 200
    document = anonymous.get("/api/openapi.json")
    assert document.headers["Content-Type"] == "application/json"
    assert document.json()["openapi"] == "3.1.0"


@pytest.mark.parametrize(
    ("prefer", "applied"), [("wait=99", "wait=30"), ("wait=x", None), ("nonsense; a=b", None)]
)
def test_preference_never_fails_a_request(
    client: Client, project_id: int, prefer: str, applied: str | None
) -> None:
    response = client.post(milk(project_id), Prefer=prefer)
    assert response.status_code == 201
    assert response.headers.get("Preference-Applied") == applied


def test_two_headers_with_a_key_never_make_two_todos(base_url: str, project_id: int) -> None:
    """Sent by hand: no client library sends a header twice."""
    url = urlsplit(base_url)
    if url.scheme != "http":
        pytest.skip("speaks plain HTTP")
    body = json.dumps(milk(project_id)).encode()
    head = (
        f"POST /api/todos HTTP/1.1\r\nHost: {url.netloc}\r\nConnection: close\r\n"
        "Content-Type: application/json\r\nPrefer: wait=30\r\n"
        f"Idempotency-Key: a\r\nIdempotency-Key: b\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    answers = set()
    for _ in range(2):
        with socket.create_connection((url.hostname or "", url.port or 80), timeout=60) as wire:
            wire.sendall(head.encode() + body)
            answer = b"".join(iter(lambda wire=wire: wire.recv(65_536), b""))  # type: ignore[misc]
        # A server that joins them with a comma makes one key of them; with a space behind it, none.
        assert answer.startswith((b"HTTP/1.1 201", b"HTTP/1.1 400"))
        answers.add(answer.rpartition(b"\r\n\r\n")[2])
    assert len(answers) == 1
