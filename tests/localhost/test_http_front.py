# ruff: noqa: ARG001 - the functions of an app have the parameters of their bindings
"""Host protocol, section 2: what the recorded HTTP sets do not show of the public port."""

import asyncio
import json
from typing import Any

import azure.functions as func
import pytest

from localhost.doors import rpc_handler
from localhost.http_front import HttpLimits
from localhost.keys import Keys
from localhost.listeners import bind_public, listening
from tests.localhost.front import Serve, Served, Setup

KEYS = Keys(master="m", host="h", system="s", functions={"mirror": "own"})


def app_with(**levels: func.AuthLevel) -> func.FunctionApp:
    """Return an app that mirrors what it gets, and one function per level."""
    app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)

    @app.route(route="mirror/{projectId:int}/{id?}", methods=["GET", "POST"])
    async def mirror(req: func.HttpRequest) -> func.HttpResponse:
        seen = {
            "method": req.method,
            "url": req.url,
            "headers": dict(req.headers),
            "params": dict(req.params),
            "route_params": dict(req.route_params),
            "body": req.get_body().decode("latin-1"),
        }
        return func.HttpResponse(json.dumps(seen), mimetype="application/json")

    for name, level in levels.items():

        def plain(req: func.HttpRequest) -> func.HttpResponse:
            return func.HttpResponse(req.method)

        plain.__name__ = name
        app.route(route=name, auth_level=level)(plain)
    return app


async def test_without_strict_mode_no_key_is_required(serve: Serve) -> None:
    served = await serve(app_with(boss=func.AuthLevel.ADMIN))
    assert (await served.call("GET", "/api/boss"))[0] == 200


@pytest.mark.parametrize(
    ("path", "key", "status"),
    [
        ("/api/mirror/7", "own", 200),
        ("/api/mirror/7", "s", 401),
        ("/api/other", "own", 401),
        ("/runtime/webhooks/durabletask/instances/", "s", 200),
    ],
)
async def test_system_key_and_key_of_one_function_open_nothing_else(
    serve: Serve, path: str, key: str, status: int
) -> None:
    served = await serve(app_with(other=func.AuthLevel.FUNCTION), Setup(keys=KEYS))
    headers = {"X-Functions-Key": key}
    assert (await served.call("GET", path, headers=headers))[0] == status


@pytest.mark.sdk1
async def test_item_4_plain_def_with_durable_client_runs_then_fails(serve: Serve) -> None:
    import azure.durable_functions as df

    done: list[str] = []
    app = df.DFApp()

    @app.route(route="start")
    @app.durable_client_input(client_name="client")
    def start(req: func.HttpRequest, client: Any) -> func.HttpResponse:
        done.append(type(client).__name__)
        return func.HttpResponse("never seen")

    served = await serve(app)
    served.runner.set_client_payload(
        json.dumps(
            {
                "taskHubName": "H",
                "creationUrls": {},
                "managementUrls": {},
                "rpcBaseUrl": "http://x/",
            }
        )
    )
    assert await served.call("GET", "/api/start") == (500, "")
    assert done == ["DurableOrchestrationClient"]
    assert "can't be used in 'await' expression" in served.out.getvalue()


async def test_a_compressed_body_arrives_as_it_was_sent(serve: Serve) -> None:
    served = await serve(app_with())
    headers = {"Content-Encoding": "gzip"}
    seen = await served.json("POST", "/api/mirror/7", data=b"no gzip", headers=headers)
    assert seen["body"] == "no gzip"


async def raw(served: Served, request: bytes, until: bytes = b"\r\n\r\n") -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(served.base.rsplit(":")[-1]))
    try:
        writer.write(request)
        return await asyncio.wait_for(reader.readuntil(until), 5)
    finally:
        writer.close()
        await writer.wait_closed()


async def test_a_client_that_waits_for_100_continue_gets_it(serve: Serve) -> None:
    served = await serve(app_with())
    head = (
        b"POST /api/mirror/7 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n"
    )
    assert (await raw(served, head + b"\r\n")).startswith(b"HTTP/1.1 100 ")


async def test_a_proxys_absolute_target_is_routed_by_its_path(serve: Serve) -> None:
    served = await serve(app_with())
    head = b"GET http://a/api/mirror/7 HTTP/1.1\r\nHost: a\r\n\r\n"
    assert b" 200 " in (await raw(served, head)).split(b"\r\n")[0]


def failing_app() -> func.FunctionApp:
    app = func.FunctionApp()

    @app.route(route="raises")
    async def raises(req: func.HttpRequest) -> func.HttpResponse:
        raise LookupError("the reason")

    @app.route(route="wrong")
    async def wrong(req: func.HttpRequest):  # type: ignore[no-untyped-def]  # noqa: ANN202
        return {"not": "encodable"}

    @app.route(route="nothing")
    async def nothing(req: func.HttpRequest):  # type: ignore[no-untyped-def]  # noqa: ANN202
        return None

    @app.route(route="text")
    async def text(req: func.HttpRequest) -> str:
        return "just text"

    @app.route(route="off")
    async def off(req: func.HttpRequest) -> str:
        return "runs"

    return app


@pytest.mark.parametrize("path", ["raises", "wrong", "nothing"])
async def test_a_failing_function_is_500_with_an_empty_body(serve: Serve, path: str) -> None:
    served = await serve(failing_app())
    assert await served.call("GET", f"/api/{path}") == (500, "")
    assert f"function {path} " in served.out.getvalue()


async def test_failure_prints_the_apps_part_of_the_traceback(serve: Serve) -> None:
    served = await serve(failing_app())
    await served.call("GET", "/api/raises")
    printed = served.out.getvalue()
    assert "LookupError: the reason" in printed
    assert 'raise LookupError("the reason")' in printed
    assert "worker.py" not in printed


async def test_a_disabled_function_is_404_but_not_for_the_master_key(serve: Serve) -> None:
    off = {"AzureWebJobs.off.Disabled": "true"}
    open_to_all = await serve(failing_app(), Setup(environ=off))
    assert await open_to_all.call("GET", "/api/off") == (200, "runs")
    strict = await serve(failing_app(), Setup(environ=off, keys=KEYS))
    assert await strict.call("GET", "/api/off?code=h") == (404, "")
    assert await strict.call("GET", "/api/off?code=m") == (200, "runs")


async def test_one_request_over_the_limit_is_429_and_the_next_is_not(serve: Serve) -> None:
    app, entered, leave = func.FunctionApp(), asyncio.Event(), asyncio.Event()

    @app.route(route="wait")
    async def wait(req: func.HttpRequest) -> str:
        entered.set()
        await leave.wait()
        return "done"

    served = await serve(app, Setup(limits=HttpLimits(outstanding_max=1)))
    first = asyncio.create_task(served.call("GET", "/api/wait"))
    await entered.wait()
    assert await served.call("GET", "/api/wait") == (429, "")
    leave.set()
    assert await first == (200, "done")
    assert await served.call("GET", "/api/wait") == (200, "done")


async def test_requests_over_the_concurrency_limit_wait(serve: Serve) -> None:
    app, running, most = func.FunctionApp(), 0, 0

    @app.route(route="wait")
    async def wait(req: func.HttpRequest) -> str:
        nonlocal running, most
        running += 1
        most = max(most, running)
        for _ in range(5):
            await asyncio.sleep(0)
        running -= 1
        return ""

    served = await serve(app, Setup(limits=HttpLimits(concurrent_max=2)))
    answers = await asyncio.gather(*(served.call("GET", "/api/wait") for _ in range(10)))
    assert answers == [(200, "")] * 10
    assert most == 2


async def test_the_webhooks_get_the_path_as_it_was_sent(serve: Serve) -> None:
    served = await serve(app_with())
    path = "/runtime/webhooks/durabletask/entities/counter/a%2Bb?op=add"
    headers = {"Host": "example.org"}
    seen = await served.json("POST", path, headers=headers)
    assert seen == {
        "path": "entities/counter/a%2Bb",
        "base": "http://example.org/runtime/webhooks/durabletask",
        "method": "POST",
    }


async def test_loopback_port_serves_the_api_with_links_to_public_one(
    serve: Serve,
) -> None:
    from tests.localhost.front import echo_durable_api

    served = await serve(app_with())
    door = bind_public("127.0.0.1", 0)
    base = f"http://127.0.0.1:{door.getsockname()[1]}"
    async with listening(door, rpc_handler(echo_durable_api, "http://public/webhooks")):
        async with served.session.get(f"{base}/durabletask/instances/x?showInput=True") as answer:
            assert await answer.json() == {
                "path": "instances/x",
                "base": "http://public/webhooks",
                "method": "GET",
            }
        async with served.session.get(f"{base}/instances/x") as answer:
            assert answer.status == 404


async def test_each_request_is_one_console_line_without_its_query(serve: Serve) -> None:
    served = await serve(app_with())
    await served.call("GET", "/api/mirror/7?code=secret")
    await served.call("GET", "/nowhere")
    lines = served.out.getvalue().splitlines()
    assert [line.split("] ")[1].rsplit(" ", 1)[0] for line in lines] == [
        "GET /api/mirror/7 200",
        "GET /nowhere 404",
    ]


async def test_one_connection_serves_many_requests_beside_others(serve: Serve) -> None:
    served = await serve(app_with(plain=func.AuthLevel.ANONYMOUS))
    answers = await asyncio.gather(*(served.call("GET", "/api/plain") for _ in range(200)))
    assert answers == [(200, "GET")] * 200
    assert served.runner.invocations["plain"] == 200
