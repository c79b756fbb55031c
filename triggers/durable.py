"""The Durable functions of a domain: entity, orchestration, activity."""

from dataclasses import dataclass
from typing import Any

import azure.durable_functions as df
import azure.functions as func

from activities import outbox
from entities.entity import entity
from taskhub.sdk import declare_entity
from telemetry import tracing
from triggers.engine import Engine


@dataclass(frozen=True, slots=True)
class Names:
    """What the functions are called in the task hub."""

    entity: str
    orchestration: str
    activity: str


def names_of(entity_name: str, plural: str) -> Names:
    """Return the names for a domain."""
    return Names(entity_name, f"outbox_{plural}", f"emit_{plural}")


def blueprint(names: Names, engine: Engine) -> df.Blueprint:
    """Declare the three."""
    functions = df.Blueprint()

    functions.function_name(f"order_{names.entity.lower()}")(
        declare_entity(functions, names.entity, entity(engine.tell, engine.emitter.entity_ran))
    )
    functions.function_name(names.orchestration)(
        functions.orchestration_trigger("context", orchestration=names.orchestration)(
            outbox.orchestration(names.activity)
        )
    )

    @functions.function_name(names.activity)
    @functions.activity_trigger("keys", activity=names.activity)
    @functions.durable_client_input("client")
    async def emit(keys: Any, client: Any, context: func.Context) -> Any:
        with tracing.invocation(context.trace_context):
            return await outbox.emit(engine.drains, keys, engine.hub_of(client))

    return functions
