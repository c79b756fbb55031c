"""`call_http`: the host makes the request, and looks again after a 202."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from localhost.taskhub import FunctionFailed, http_activity
from localhost.taskhub.actions import InvalidAction
from localhost.taskhub.clock import SECOND
from tests.localhost.taskhub.apps import UNTYPED, App
from tests.localhost.taskhub.conftest import Open
from tests.localhost.taskhub.host import Host

pytestmark = UNTYPED


class Service:
    """What it was asked, and how it answers; `later` answers 202 that often."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, dict[str, str], str]] = []
        self.later = 0
        self.accepted: dict[str, str] = {}
        self.base = ""

    async def answer(self, request: web.Request) -> web.Response:
        headers = {name.lower(): text for name, text in request.headers.items()}
        self.asked.append((request.method, request.path, headers, await request.text()))
        if self.later:
            self.later -= 1
            return web.Response(status=202, headers=self.accepted)
        return web.Response(status=418, text="tea", headers=[("X-A", "1"), ("X-B", "2")])


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    service = Service()
    runner = web.AppRunner(web.Application())
    runner.app.router.add_route("*", "/{path:.*}", service.answer)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    service.base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    service.accepted = {"Location": f"{service.base}/status", "Retry-After": "0"}
    yield service
    await runner.cleanup()


async def call(host: Host, app: App, *arguments: Any, **named: Any) -> Any:
    """Run an orchestrator that makes one call; return its status."""

    @app.orchestrator
    def ask(context: Any) -> Any:
        try:
            response = yield context.call_http(*arguments, **named)
        except Exception as error:  # noqa: BLE001
            return {"failed": str(error)}
        return response

    await host.client.start_new("ask", "i")
    return await host.finished("i")


async def test_answer_of_any_status_is_a_result(host: Host, app: App, service: Service) -> None:
    status = await call(host, app, "POST", f"{service.base}/a", {"n": 1}, {"X-Key": "k"})
    assert status.output["statusCode"] == 418
    assert status.output["content"] == "tea"
    assert (status.output["headers"]["X-A"], status.output["headers"]["X-B"]) == ("1", "2")
    [(method, path, headers, body)] = service.asked
    assert (method, path, json.loads(body)) == ("POST", "/a", {"n": 1})
    assert (headers["x-key"], headers["content-type"]) == ("k", "text/plain")


async def test_nobody_who_answers_is_an_exception(host: Host, app: App) -> None:
    status = await call(host, app, "GET", "http://127.0.0.1:9/")
    assert status.output["failed"].startswith("Connection refused (127.0.0.1:9) \n {")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"headers": {"Content-Type": "multipart/form-data"}}, "Multipart content"),
        ({"tokenSource": {"resource": "x"}}, "no managed identity"),
        ({"uri": "nonsense"}, "An error occurred while sending"),
    ],
    ids=["multipart", "token source", "no address"],
)
async def test_what_cannot_be_sent_is_said(asked: dict[str, Any], said: str) -> None:
    request = {"method": "GET", "uri": "http://127.0.0.1:9/", **asked}
    with pytest.raises(FunctionFailed, match=said):
        await http_activity.send(json.dumps(request))


async def test_after_202_it_asks_at_the_location(host: Host, app: App, service: Service) -> None:
    service.later = 2
    headers = {"X-Functions-Key": "secret", "X-Key": "k"}
    status = await call(host, app, "POST", f"{service.base}/begin", "x", headers)
    asked = [(method, path) for method, path, _, _ in service.asked]
    assert asked == [("POST", "/begin"), ("GET", "/status"), ("GET", "/status")]
    assert service.asked[0][2]["x-functions-key"] == "secret"
    for _, _, sent, body in service.asked[1:]:
        assert ("x-functions-key" in sent, sent["x-key"], body) == (False, "k", "")
    # As on Azure: the SDK goes on with the first answer, and the instance ends after the last.
    assert status.output["statusCode"] == 202


async def test_without_retry_after_it_waits_as_host_json_says(
    open_hub: Open, app: App, service: Service
) -> None:
    del service.accepted["Retry-After"]
    service.later = 1
    host = await open_hub(http_pause=SECOND // 2)  # less than a second fires at once
    await call(host, app, "GET", f"{service.base}/begin")
    assert len(service.asked) == 2


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({}, "The given key 'Location' was not present in the dictionary."),
        ({"location": "/status"}, "Invalid URI"),
    ],
)
def test_202_that_does_not_say_where_fails_the_instance(headers: dict[str, str], said: str) -> None:
    with pytest.raises(InvalidAction, match=said):
        http_activity.location_request(
            {"uri": "http://a/"}, {"statusCode": 202, "headers": headers}
        )


def test_retry_after_that_is_a_date_fails_the_instance() -> None:
    with pytest.raises(InvalidAction, match="was not in a correct format"):
        http_activity.pause_seconds({"headers": {"retry-after": "Mon, 30 Nov 2026 00:00:00 GMT"}})
