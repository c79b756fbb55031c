"""Facts of lifecycle.jsonl that need a host of their own; the others have tests elsewhere."""

import http.client
import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from localhost.conformance.corpus import RECORDED
from localhost.conformance.hosts import ROOT, running

APP = """
import asyncio
import azure.functions as func
app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)
@app.route("wait")
async def wait(req: func.HttpRequest) -> func.HttpResponse:
    await asyncio.sleep(2)
    return func.HttpResponse("waited")
@app.route("size")
def size(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(str(len(req.get_body())))
"""
HOST_JSON = {
    "version": "2.0",
    "extensions": {"http": {"maxOutstandingRequests": 3, "maxConcurrentRequests": 2}},
}
BODY_BYTES_MAX = 104_857_600
SHOWN_BY = json.loads((Path(__file__).parent / "lifecycle.json").read_text("utf-8"))


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    source = tmp_path / "source"
    source.mkdir()
    (source / "function_app.py").write_text(APP, "utf-8")
    (source / "host.json").write_text(json.dumps(HOST_JSON), "utf-8")
    with running(source, tmp_path, {}) as host:
        yield host.port()


def ask(port: int, path: str, body: bytes = b"", length: int | None = None) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.putrequest("POST", path)
        connection.putheader("Content-Length", str(len(body) if length is None else length))
        connection.endheaders(body)
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def test_requests_above_the_limits_wait_or_are_429(port: int) -> None:
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: ask(port, "/api/wait")[0], range(6)))
    assert Counter(answers) == {200: 3, 429: 3}


def test_body_of_the_limit_passes_and_one_byte_more_is_500(port: int) -> None:
    assert ask(port, "/api/size", b"x" * BODY_BYTES_MAX) == (200, str(BODY_BYTES_MAX))
    assert ask(port, "/api/size", b"", BODY_BYTES_MAX + 1) == (500, "")


def test_each_recorded_fact_names_its_test_or_why_there_is_none() -> None:
    lines = (RECORDED / "http" / "lifecycle.jsonl").read_text("utf-8").splitlines()
    assert list(SHOWN_BY) == [json.loads(line)["name"] for line in lines]
    for shown in SHOWN_BY.values():
        file, found, name = shown.partition("::")
        assert not found or f"def {name}(" in (ROOT / file).read_text("utf-8"), shown
