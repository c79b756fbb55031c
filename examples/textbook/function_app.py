"""The textbook Durable app: an entity counts, an orchestration asks it, an activity writes.

It gives one number to two invoices when its host dies at the wrong moment: `make textbook`.
"""

import json
import os
from pathlib import Path
from typing import Any

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.route("invoices", methods=["POST"])
@app.durable_client_input("client")
async def post_invoice(req: func.HttpRequest, client: Any) -> func.HttpResponse:
    """Start an orchestration and wait for it."""
    instance = await client.start_new("invoice", client_input=req.get_json())
    answer = await client.wait_for_completion_or_create_check_status_response(req, instance)
    return func.HttpResponse(answer.get_body(), status_code=answer.status_code)


# The eight lines.
@app.orchestration_trigger("context")
def invoice(context: df.DurableOrchestrationContext) -> Any:
    """Ask for the next number, write the invoice with it."""
    number = yield context.call_entity(df.EntityId("counter", "C-1042"), "next")
    asked: Any = context.get_input()
    yield context.call_activity("write", {"number": number, **asked})
    return number


@app.entity_trigger("context")
def counter(context: df.DurableEntityContext) -> None:
    """Count."""
    number = context.get_state(lambda: 0) + 1
    context.set_state(number)
    context.set_result(number)


@app.activity_trigger("row")
def write(row: Any) -> None:
    """Keep the invoice: here in a file, to be looked at."""
    with Path(os.environ["INVOICES_FILE"]).open("a", encoding="utf-8") as file:
        print(json.dumps(row), file=file)
