"""The orchestration `outbox`: emits, and asks again for what did not get into the log.

It makes the wait short, not the promise true: it may be lost at any moment, and then the
sweeper finds the inbox rows.
"""

import logging
from collections.abc import Generator, Sequence
from datetime import timedelta
from typing import Any, Final

import azure.durable_functions as df
import azure.functions as func

from activities.emit import Emitter, Missing
from activities.hub import ORCHESTRATION_NAME, DurableHub, HubOf, decode_wanted
from entities.project import ENTITY_NAME, UNREADABLE, encode_request
from entities.versions import items_of, message
from telemetry import tracing

ACTIVITY_NAME: Final = "emit"

WAITS_SECONDS: Final = (1, 2, 4)
"""Between two rounds of which the first brought nothing; after the last the sweeper goes on."""

ROUNDS_MAX: Final = 40
"""With progress in each: more than 5,000 requests of one project. Bounds the history."""

Work = Sequence[dict[str, Any]]
"""`[{"projectId": 7, "requestIds": […]}, …]`"""

log = logging.getLogger(__name__)


def outbox(context: df.DurableOrchestrationContext) -> Generator[Any, Any, int]:
    """Emit until nothing is missing or nothing helps; return how many requests are missing."""
    wanted = _wanted_of(context)
    waits = iter(WAITS_SECONDS)
    for _ in range(ROUNDS_MAX):
        try:
            answer = yield context.call_activity(ACTIVITY_NAME, message(wanted=wanted))
            missing: Work = items_of(answer, "missing")
        except Exception:  # noqa: BLE001 - whatever it was, trying again is harmless
            missing = [{**each, "requests": []} for each in wanted]
        if not missing:
            return 0
        for each in missing:
            if each["requests"]:
                entity = df.EntityId(ENTITY_NAME, str(each["projectId"]))
                context.signal_entity(entity, "create", message(requests=each["requests"]))
        if _count(missing) == _count(wanted):
            pause = next(waits, None)
            if pause is None:
                break
            yield context.create_timer(context.current_utc_datetime + timedelta(seconds=pause))
        wanted = [{key: each[key] for key in ("projectId", "requestIds")} for each in missing]
    return _count(wanted)


def _wanted_of(context: df.DurableOrchestrationContext) -> Work:
    """Return what is wanted, nothing if that cannot be read: then it is for the sweeper."""
    try:
        return list(items_of(context.get_input() or [], "wanted"))
    except UNREADABLE as error:
        log.exception("outbox_ignored instance=%s", context.instance_id, exc_info=error)
        return []


def _count(work: Work) -> int:
    return sum(len(each["requestIds"]) for each in work)


def encode_missing(missing: Sequence[Missing]) -> dict[str, Any]:
    """Put the answer of an emitter into JSON, as the orchestration reads it."""
    answers = [
        {
            "projectId": each.project_id,
            "requestIds": list(each.request_ids),
            "requests": [encode_request(request) for request in each.requests],
        }
        for each in missing
    ]
    return message(missing=answers)


def blueprint(emitter: Emitter, hub_of: HubOf = DurableHub) -> df.Blueprint:
    """Declare the orchestration and its activity."""
    functions = df.Blueprint()
    functions.orchestration_trigger("context", orchestration=ORCHESTRATION_NAME)(outbox)

    @functions.activity_trigger("wanted", activity=ACTIVITY_NAME)
    @functions.durable_client_input("client")
    async def emit(wanted: Any, client: Any, context: func.Context) -> Any:
        with tracing.invocation(context.trace_context):
            missing = await emitter.emit(decode_wanted(wanted), hub_of(client))
        return encode_missing(missing)

    return functions
