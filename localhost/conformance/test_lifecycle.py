"""Facts of lifecycle.jsonl that need a host of their own; the others have tests elsewhere."""

import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from localhost.conformance.corpus import RECORDED, read_lines
from localhost.conformance.hosts import ROOT, ask, running

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


def post(port: int, path: str, body: bytes = b"", length: int | None = None) -> tuple[int, str]:
    headers = {"Content-Length": str(len(body) if length is None else length)}
    return ask(f"127.0.0.1:{port}", "POST", path, body, headers)[:2]


def test_requests_above_the_limits_wait_or_are_429(port: int) -> None:
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: post(port, "/api/wait")[0], range(6)))
    assert Counter(answers) == {200: 3, 429: 3}


def test_body_of_the_limit_passes_and_one_byte_more_is_500(port: int) -> None:
    assert post(port, "/api/size", b"x" * BODY_BYTES_MAX) == (200, str(BODY_BYTES_MAX))
    assert post(port, "/api/size", b"", BODY_BYTES_MAX + 1) == (500, "")


def test_each_recorded_fact_names_its_test_or_why_there_is_none() -> None:
    facts = read_lines(RECORDED / "http" / "lifecycle.jsonl")
    assert list(SHOWN_BY) == [fact["name"] for fact in facts]
    for shown in SHOWN_BY.values():
        file, found, name = shown.partition("::")
        assert not found or f"def {name}(" in (ROOT / file).read_text("utf-8"), shown
