"""Runs the activity `emit` as the worker does: the registered function, JSON in and JSON out."""

import json
from typing import Any, Final

import azure.durable_functions as df
import azure.functions as func
from azure.functions.meta import Datum

from activities import outbox
from activities.emit import Emitter
from activities.hub import Hub
from tests.invocations import invocation

_URL: Final = "http://127.0.0.1/runtime/webhooks/durabletask/"
CLIENT: Final = json.dumps(
    {
        "taskHubName": "Simulated",
        "creationUrls": {},
        "managementUrls": {"id": "INSTANCEID"},
        "baseUrl": _URL,
        "requiredQueryStringParameters": "",
        "rpcBaseUrl": _URL,
    }
)
"""What the binding gives (host-protocol 4.1). Nothing is asked of it: its calls go to the
simulated hub."""


class Activity:
    """The function of one process."""

    def __init__(self, emitter: Emitter, hub: Hub) -> None:
        app = df.DFApp()
        app.register_functions(outbox.blueprint(emitter, lambda _client: hub))
        functions = {each.get_function_name(): each for each in app.get_functions()}
        self._function: Any = functions[outbox.ACTIVITY_NAME].get_user_function()
        registry = func.get_binding_registry()
        assert registry is not None
        self._converter: Any = registry.get("activityTrigger")

    async def run(self, text: str) -> str:
        wanted = self._converter.decode(Datum(text, "string"), trigger_metadata=None)
        answer = await self._function(wanted=wanted, client=CLIENT, context=invocation())
        return str(self._converter.encode(answer, expected_type=None).value)
