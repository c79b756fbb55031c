# ruff: noqa: ARG001 - the functions of an app have the parameters of their bindings
"""Host protocol, section 1: indexing, and the worker's rules for a signature."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import azure.durable_functions as df
import azure.functions as func
import pytest

from localhost.errors import StartError
from localhost.functions import ACTIVITY_TRIGGER, RetryPolicy, by_durable_name
from tests.localhost.in_process import index_functions

Request = func.HttpRequest
Response = func.HttpResponse


def index(app: func.FunctionRegister, **environ: str) -> dict[str, Any]:
    return {item.name: item for item in index_functions(app, Path("/app"), environ)}


def test_what_is_known_of_a_function() -> None:
    app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)

    @app.function_name("Renamed")
    @app.route(route="x", methods=["GET"])
    @app.durable_client_input(client_name="client")
    async def x(req: Request, client: df.DurableOrchestrationClient, context: func.Context) -> Any:
        return Response(f"{req}{client}{context}")

    x.build(None)._func.__annotations__["return"] = Response
    known = index(app)["Renamed"]
    assert known.trigger_type == "httpTrigger"
    assert known.trigger_parameter == "req"
    assert known.trigger["authLevel"] == "ANONYMOUS"
    assert known.clients == ("client",)
    assert known.is_async
    assert known.directory == "/app"


def test_blueprints_are_part_of_the_app_and_take_its_level() -> None:
    app, blueprint = df.DFApp(http_auth_level=func.AuthLevel.ADMIN), df.Blueprint()

    @blueprint.route(route="x")
    def x(req: Request) -> Response:
        return Response(req.url)

    app.register_functions(blueprint)
    assert index(app)["x"].trigger["authLevel"] == "ADMIN"


def test_a_disabled_function_is_known_as_such() -> None:
    app = df.DFApp()

    @app.activity_trigger(input_name="x")
    def work(x: int) -> int:
        return x

    known = index(app, **{"AzureWebJobs.work.Disabled": "true"})["work"]
    assert known.disabled
    assert by_durable_name([known], ACTIVITY_TRIGGER) == {}


def test_two_durable_functions_cannot_share_a_name() -> None:
    app = df.DFApp()
    for name in ("one", "two"):

        def work(x: int) -> int:
            return x

        work.__name__ = name
        app.activity_trigger(input_name="x", activity="Same" if name == "one" else "same")(work)
    with pytest.raises(StartError, match="one and two share the name 'same'"):
        by_durable_name(list(index(app).values()), ACTIVITY_TRIGGER)


@pytest.mark.sdk1
def test_a_binding_that_is_not_built_is_named() -> None:
    app = df.DFApp()

    @app.route(route="x")
    @app.queue_output(arg_name="out", queue_name="q", connection="C")
    def x(req: Request, out: func.Out[str]) -> Response:
        return Response(str(out))

    known = index(app)["x"]
    assert known.not_built == ("queue (out)",)
    assert index(df.DFApp()) == {}


def test_an_unknown_trigger_is_known_and_never_fired() -> None:
    app = func.FunctionApp()

    @app.queue_trigger(arg_name="message", queue_name="q", connection="C")
    def x(message: func.QueueMessage) -> None:
        return None

    from localhost.start_screen import warnings_of

    known = index(app)["x"]
    assert warnings_of([known]) == ["x will not run: localhost has no queueTrigger (message)"]


def test_a_retry_policy_is_read() -> None:
    app = func.FunctionApp()

    @app.timer_trigger(schedule="0 * * * * *", arg_name="t")
    @app.retry(
        strategy="exponential_backoff",
        max_retry_count="-1",
        minimum_interval="00:00:01",
        maximum_interval="00:05:00",
    )
    def x(t: func.TimerRequest) -> None:
        return None

    policy = index(app)["x"].retry
    assert policy == RetryPolicy(-1, timedelta(seconds=1), timedelta(minutes=5))


def test_retry_policy_on_another_trigger_is_kept_with_warning() -> None:
    from localhost.start_screen import warnings_of

    app = func.FunctionApp()

    @app.route(route="x")
    @app.retry(strategy="fixed_delay", max_retry_count="3", delay_interval="00:00:01")
    def x(req: Request) -> Response:
        return Response(req.url)

    (warning,) = warnings_of(list(index(app).values()))
    assert "is not retried" in warning
