# ruff: noqa: ARG001 - the functions of an app have the parameters of their bindings
"""Host protocol 2.5: /admin."""

import json
from typing import Any

import azure.durable_functions as df
import azure.functions as func
import pytest

from tests.localhost.front import Serve, Setup
from tests.localhost.in_process import index_functions

pytestmark = pytest.mark.filterwarnings("ignore:azure.functions df_loads:DeprecationWarning")


def app_of(seen: list[Any]) -> df.DFApp:
    app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)

    @app.timer_trigger(schedule="0 0 0 1 1 *", arg_name="t")
    async def Yearly(t: func.TimerRequest) -> None:  # noqa: N802
        request: Any = t
        seen.append((request.past_due, request.schedule_status, request.schedule))

    @app.activity_trigger(input_name="x")
    def work(x: Any) -> None:
        seen.append(x)
        if x == "fail":
            raise LookupError("as told")

    @app.entity_trigger(context_name="context")
    def Counter(context: df.DurableEntityContext) -> None:  # noqa: N802
        seen.append(context)

    @app.route(route="hello/{name?}", methods=["GET"])
    def hello(req: func.HttpRequest) -> str:
        return "hello"

    return app


async def test_timer_started_by_hand_is_answered_at_once(
    serve: Serve,
) -> None:
    seen: list[Any] = []
    served = await serve(app_of(seen))
    answer = await served.call("POST", "/admin/functions/yearly", json={"input": "ignored"})
    assert answer == (202, "")
    assert seen == []
    await served.run_background()
    assert len(seen) == 1


async def test_an_activity_started_by_hand_gets_the_text_as_json(serve: Serve) -> None:
    seen: list[Any] = []
    served = await serve(app_of(seen))
    for text in ('{"a": [1]}', '"fail"'):
        assert await served.call("POST", "/admin/functions/work", json={"input": text}) == (202, "")
    await served.run_background()
    assert seen == [{"a": [1]}, "fail"]
    assert "LookupError: as told" in served.out.getvalue()


@pytest.mark.parametrize(
    ("name", "options", "status"),
    [
        ("nobody", {"json": {"input": ""}}, 404),
        ("yearly", {}, 415),
        ("yearly", {"json": {"input": {}}}, 400),
        ("yearly", {"json": []}, 400),
    ],
)
async def test_what_cannot_be_started_is_refused(
    serve: Serve, name: str, options: dict[str, Any], status: int
) -> None:
    served = await serve(app_of([]))
    assert (await served.call("POST", f"/admin/functions/{name}", **options))[0] == status
    assert served.background == []


@pytest.mark.sdk1
async def test_the_functions_are_listed(serve: Serve) -> None:
    served = await serve(app_of([]), Setup(environ={"AzureWebJobs.work.Disabled": "true"}))
    functions = {item["name"]: item for item in await served.json("GET", "/admin/functions")}
    assert set(functions) == {"Yearly", "work", "Counter", "hello"}
    assert functions["work"]["isDisabled"]
    assert functions["hello"]["invoke_url_template"].endswith("/api/hello/{name?}")
    assert functions["Yearly"]["config"]["bindings"][0]["schedule"] == "0 0 0 1 1 *"
    assert (await served.json("GET", "/admin/functions/HELLO"))["name"] == "hello"
    assert (await served.call("GET", "/admin/functions/nobody"))[0] == 404
    assert (await served.call("DELETE", "/admin/functions/hello"))[0] == 204
    assert (await served.call("GET", "/admin/functions/hello/status"))[0] == 200


async def test_the_status_has_the_statistics(serve: Serve) -> None:
    served = await serve(app_of([]))
    await served.call("GET", "/api/hello")
    status = await served.json("GET", "/admin/host/status")
    assert status["state"] == "Running"
    assert status["extensionBundle"] == {"id": "bundle", "version": "4.38.0"}
    assert status["processUptime"] >= 0
    own = await served.json("GET", "/admin/localhost")
    assert own["statistics"]["invocations"] == {"hello": 1}
    assert own["statistics"]["hub"] == {"signals": 1}


async def test_the_status_counts_the_transactions_of_each_open_file(
    serve: Serve, tmp_path: Any
) -> None:
    from localhost.sqlite_file import SqliteFile

    served = await serve(app_of([]))
    file = SqliteFile(tmp_path / "some.db")
    try:
        await file.write("label", lambda connection: connection.execute("CREATE TABLE t(x)"))
        status = await served.json("GET", "/admin/localhost")
        assert status["statistics"]["files"]["some.db"] == {"commits": 1, "writes": {"label": 1}}
    finally:
        await file.close()


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_ping_answers(serve: Serve, method: str) -> None:
    served = await serve(app_of([]))
    assert await served.call(method, "/admin/host/ping") == (200, "")


@pytest.mark.sdk1
def test_what_is_printed_at_the_start_names_every_function(tmp_path: Any) -> None:
    from localhost.routing import build_routes
    from localhost.start_screen import function_lines, urls_of

    functions = index_functions(app_of([]), tmp_path, {"AzureWebJobs.work.Disabled": "true"})
    urls = urls_of(build_routes(functions, "api"), "http://localhost:7071")
    lines = [line for line in function_lines(functions, urls) if line]
    assert lines == [
        "Functions:",
        "\thello: [GET] http://localhost:7071/api/hello/{name?}",
        "\tCounter: entityTrigger",
        "\tYearly: timerTrigger",
        "\twork: activityTrigger (disabled)",
    ]
    assert json.dumps(urls)
