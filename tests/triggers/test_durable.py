"""What the host is told of the Durable functions of a domain."""

import inspect
from types import SimpleNamespace
from typing import Any

import azure.durable_functions as df
import pytest

from telemetry.decisions import Decisions
from triggers.durable import blueprint, names_of

pytestmark = pytest.mark.filterwarnings("ignore:azure.functions df_loads:DeprecationWarning")


def entity_of(functions: df.Blueprint) -> tuple[dict[str, Any], Any]:
    """Return the trigger of the one entity, and its function."""
    app: Any = df.DFApp()
    app.register_functions(functions)
    found = [(e.get_trigger().get_dict_repr(), e.get_user_function()) for e in app.get_functions()]
    [entity] = [each for each in found if each[0]["type"] == "entityTrigger"]
    return entity


def noop(context: Any) -> None:
    """Do nothing."""


def test_entity_is_declared_as_by_the_sdk_and_takes_no_thread() -> None:
    plain = df.Blueprint()
    plain.entity_trigger("context", entity_name="Project")(noop)
    engine: Any = SimpleNamespace(
        tell=Decisions("todo"), emitter=SimpleNamespace(entity_ran=lambda _: None)
    )
    trigger, function = entity_of(blueprint(names_of("Project", "todos"), engine))
    assert trigger == entity_of(plain)[0]
    assert inspect.iscoroutinefunction(function)
