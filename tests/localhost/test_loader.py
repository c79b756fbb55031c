# ruff: noqa: ARG001 - the functions of an app have the parameters of their bindings
"""Host protocol, section 1: indexing, and the worker's rules for a signature."""

from pathlib import Path
from typing import Any

import azure.durable_functions as df
import azure.functions as func
import pytest

from localhost.errors import StartError
from localhost.functions import ACTIVITY_TRIGGER, RetryPolicy, by_durable_name
from localhost.loader import index_functions

Request = func.HttpRequest
Response = func.HttpResponse


def index(app: func.FunctionRegister, **environ: str) -> dict[str, Any]:
    return {item.name: item for item in index_functions(app, Path("/app"), environ)}


def test_item_1_the_functions_are_asked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    app = func.FunctionApp()

    @app.route(route="x")
    async def x(req: Request) -> Response:
        return Response(req.url)

    calls: list[int] = []
    original = app.get_functions

    def counted() -> Any:
        calls.append(1)
        return original()

    monkeypatch.setattr(app, "get_functions", counted)
    index(app)
    assert calls == [1]
    with pytest.raises(StartError, match="does not have a unique function name"):
        index(app)


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
    assert known.wants_context
    assert known.is_async
    assert known.returns == "http"
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


def refused(define: Any, match: str) -> None:
    app = df.DFApp()
    define(app)
    with pytest.raises(StartError, match=match):
        index(app)


def test_every_parameter_needs_a_binding() -> None:
    def define(app: df.DFApp) -> None:
        @app.route(route="x")
        def x(req: Request, other: int) -> Response:
            return Response(str(other))

    refused(define, r"x function: the parameters \['other'\] have no binding")


def test_every_binding_needs_a_parameter() -> None:
    def define(app: df.DFApp) -> None:
        @app.activity_trigger(input_name="payload")
        def x(other: int) -> int:
            return other

        del x

    refused(define, r"the parameters \['other'\] have no binding")


def test_an_orchestrators_parameter_is_called_context() -> None:
    def define(app: df.DFApp) -> None:
        @app.orchestration_trigger(context_name="ctx")
        def x(ctx: df.DurableOrchestrationContext) -> Any:
            return ctx

    refused(define, "`context` must be an azure.functions.Context")


def test_the_context_is_annotated_as_such() -> None:
    def define(app: df.DFApp) -> None:
        @app.activity_trigger(input_name="x")
        def x(x: int, context: int) -> int:
            return x + context

    refused(define, "`context` must be an azure.functions.Context")


def test_an_annotation_must_fit_the_trigger() -> None:
    def define(app: df.DFApp) -> None:
        @app.route(route="x")
        def x(req: int) -> Response:
            return Response(str(req))

    refused(define, "a httpTrigger cannot become a <class 'int'>")


def test_a_return_annotation_must_fit_http() -> None:
    def define(app: df.DFApp) -> None:
        @app.route(route="x")
        def x(req: Request) -> int:
            return 5

    refused(define, "the return annotation <class 'int'> does not match 'http'")


def test_an_annotation_that_does_not_exist_is_named() -> None:
    def define(app: df.DFApp) -> None:
        @app.route(route="x")
        def x(req: "Nowhere") -> Response:  # type: ignore[name-defined]  # noqa: F821
            return Response(str(req))

    refused(define, "annotations cannot be resolved: name 'Nowhere'")


def test_an_output_binding_is_refused_with_a_hint() -> None:
    def define(app: df.DFApp) -> None:
        @app.route(route="x")
        @app.queue_output(arg_name="out", queue_name="q", connection="C")
        def x(req: Request, out: func.Out[str]) -> Response:
            return Response(str(out))

    refused(define, "localhost has no output binding 'queue'")


def test_an_unknown_trigger_is_known_and_never_fired() -> None:
    app = func.FunctionApp()

    @app.queue_trigger(arg_name="message", queue_name="q", connection="C")
    def x(message: func.QueueMessage) -> None:
        return None

    from localhost.start_screen import warnings_of

    known = index(app)["x"]
    assert not known.is_fired
    assert warnings_of([known]) == ["x will not run: localhost has no queueTrigger"]


def test_a_retry_policy_is_read_and_a_wrong_one_refused() -> None:
    settings = {
        "strategy": "exponential_backoff",
        "max_retry_count": "-1",
        "minimum_interval": "00:00:01",
        "maximum_interval": "00:05:00",
    }
    policy = RetryPolicy.of(settings)
    assert policy.retries_max == -1
    assert policy.delay_min.total_seconds() == 1
    assert policy.delay_max.total_seconds() == 300
    for wrong in ({"max_retry_count": "-2"}, {"strategy": "x"}, {"minimum_interval": "x"}):
        with pytest.raises(ValueError, match=r"."):
            RetryPolicy.of({**settings, **wrong})


def test_a_retry_policy_on_another_trigger_is_kept_with_a_warning() -> None:
    from localhost.start_screen import warnings_of

    app = func.FunctionApp()

    @app.route(route="x")
    @app.retry(strategy="fixed_delay", max_retry_count="3", delay_interval="00:00:01")
    def x(req: Request) -> Response:
        return Response(req.url)

    (warning,) = warnings_of(list(index(app).values()))
    assert "is not retried" in warning
