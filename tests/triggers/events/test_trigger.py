"""How the trigger is declared: no batch is ever given up, and bodies arrive as they were sent."""

import inspect
import json
import typing
from typing import Any

import azure.functions as func
from azure.functions import meta

from tests.durable_sdk.port import BUILT_IN
from triggers.events import trigger


def declared(group: str = "$Default") -> Any:
    # What it is called with is of no matter until it is invoked.
    unused: Any = None
    app = func.FunctionApp()
    app.register_functions(trigger.blueprint("events_todos", unused, "requests", group, unused))
    declared = app.get_functions()
    [function] = [
        each for each in declared if not str(each.get_function_name()).startswith(BUILT_IN)
    ]
    return function


def test_no_batch_is_ever_given_up() -> None:
    function = declared()
    assert function.get_function_name() == "events_todos"
    retry = function.get_settings_dict("retry_policy")
    assert (retry["strategy"], retry["max_retry_count"]) == ("exponential_backoff", "-1")


def test_bodies_arrive_as_they_were_sent() -> None:
    binding = json.loads(json.dumps(declared("todos").get_trigger().get_dict_repr(), default=str))
    assert binding["type"] == "eventHubTrigger"
    assert binding["eventHubName"] == "requests"
    assert binding["connection"] == "EventHubs"
    assert binding["consumerGroup"] == "todos"
    assert binding["dataType"] == "BINARY"
    assert binding["cardinality"] == "MANY"


def test_annotation_is_one_that_the_worker_takes() -> None:
    user_function = inspect.unwrap(declared().get_user_function())
    annotation = typing.get_type_hints(user_function)["events"]
    converter: Any = meta._ConverterMeta._bindings["eventHubTrigger"]
    assert converter.check_input_type_annotation(annotation)
