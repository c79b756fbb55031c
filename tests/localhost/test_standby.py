"""Two hosts on one data folder: who runs what, and what happens when the owner ends."""

import json
import os
import re
import signal
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pytest
import requests

from tests.localhost.process import SECONDS_MAX, Process, Start, until, write_app

pytestmark = pytest.mark.sdk1  # there is no standby for 2.x

APP: Final = """
import json
import os
from typing import List

import azure.functions as func
import azure.durable_functions as df

app = df.DFApp(http_auth_level=func.AuthLevel.FUNCTION)


# The parent of this process is the host.
def note(what: str) -> None:
    with open("ran.jsonl", "a") as out:
        out.write(json.dumps([what, os.getppid()]) + "\\n")


@app.route(route="start", methods=["POST"])
@app.durable_client_input(client_name="client")
async def start(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    instance = await client.start_new("flow", None, "x")
    return await client.wait_for_completion_or_create_check_status_response(req, instance, 20_000)


@app.route(route="wait", methods=["POST"])
@app.durable_client_input(client_name="client")
async def wait(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> str:
    return await client.start_new("patient", "patient")


@app.route(route="go", methods=["POST"])
@app.durable_client_input(client_name="client")
async def go(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> str:
    await client.raise_event("patient", "go", {})
    return "went"


@app.route(route="pid")
def pid(req: func.HttpRequest) -> str:
    return str(os.getppid())


@app.orchestration_trigger(context_name="context")
def flow(context: df.DurableOrchestrationContext):
    return (yield context.call_activity("work", context.get_input()))


@app.orchestration_trigger(context_name="context")
def patient(context: df.DurableOrchestrationContext):
    yield context.wait_for_external_event("go")


@app.activity_trigger(input_name="x")
def work(x: str) -> int:
    note("activity")
    return os.getppid()


@app.timer_trigger(schedule="0 0 0 1 1 *", arg_name="t", run_on_startup=True)
def at_start(t: func.TimerRequest) -> None:
    note("timer")


@app.event_hub_message_trigger(
    arg_name="batch", event_hub_name="hub", connection="EventHubs", cardinality="many",
    data_type="binary",
)
def events(batch: List[func.EventHubEvent]) -> None:
    for event in batch:
        note(event.get_body().decode())
"""


@pytest.fixture
def app(tmp_path: Path) -> Path:
    return write_app(tmp_path / "app", APP)


def ran(app: Path) -> list[tuple[str, int]]:
    file = app / "ran.jsonl"
    lines = file.read_text().splitlines() if file.exists() else []
    return [tuple(json.loads(line)) for line in lines]


def post(url: str, **options: Any) -> requests.Response:
    return requests.post(url, timeout=SECONDS_MAX, **options)


def role(base: str) -> Any:
    return requests.get(f"{base}/admin/localhost", timeout=SECONDS_MAX).json()["role"]


def pair(start: Start, app: Path) -> tuple[Process, str, Process, str]:
    """An owner and its standby, and where each is."""
    owner = start(app)
    at_owner = owner.base()
    standby = start(app, "--standby")
    at_standby = standby.base()
    return owner, at_owner, standby, at_standby


def test_standby_answers_http_and_leaves_the_rest_to_the_owner(start: Start, app: Path) -> None:
    owner, at_owner, standby, at_standby = pair(start, app)
    here, there = owner.process.pid, standby.process.pid
    assert (role(at_owner), role(at_standby)) == ("owner", "standby")
    standby.wait_for(f"standby: .* are those of process {here}")
    for base, pid in (at_owner, here), (at_standby, there):
        assert requests.get(f"{base}/api/pid", timeout=SECONDS_MAX).text == str(pid)
        assert post(f"{base}/api/start").json() == here
        assert post(f"{base}/hub/messages", data=f"event by {pid}").status_code == 201
        started = post(f"{base}/runtime/webhooks/durabletask/orchestrators/flow", json="x")
        assert started.status_code == 202
        # Links lead back to the host that was asked.
        link = started.json()["statusQueryGetUri"]
        assert link.startswith(base)
        assert requests.get(link, timeout=SECONDS_MAX).json()["name"] == "flow"
        hub = requests.get(f"{base}/admin/eventhubs/hub", timeout=SECONDS_MAX).json()
        assert hub["name"] == "hub"
        assert post(f"{base}/admin/functions/at_start", json={"input": ""}).status_code == 202
    wanted = {"timer", "activity", f"event by {here}", f"event by {there}"}
    until(lambda: {what for what, _ in ran(app)} == wanted)
    until(lambda: [what for what, _ in ran(app)].count("timer") == 3)
    assert {pid for _, pid in ran(app)} == {here}


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_standby_takes_over_what_the_owner_left(start: Start, app: Path, number: int) -> None:
    owner, at_owner, standby, at_standby = pair(start, app)
    assert post(f"{at_owner}/api/wait").text == "patient"
    owner.end(number)
    standby.wait_for("this host owns the data folder now")
    there = standby.process.pid
    assert role(at_standby) == "owner"
    until(lambda: ("timer", there) in ran(app))
    assert post(f"{at_standby}/api/start").json() == there
    assert post(f"{at_standby}/hub/messages", data="later").status_code == 201
    until(lambda: ("later", there) in ran(app))
    assert post(f"{at_standby}/api/go").text == "went"
    link = f"{at_standby}/runtime/webhooks/durabletask/instances/patient"
    until(lambda: requests.get(link, timeout=SECONDS_MAX).json()["runtimeStatus"] == "Completed")
    # And the first one, started again, is the standby of the second.
    again = start(app, "--standby")
    assert role(again.base()) == "standby"
    assert post(f"{again.base()}/api/start").json() == there
    for host in again, standby:
        assert host.end() == 0
        assert "Traceback" not in host.output
        assert "Unclosed" not in host.output


def test_two_started_together_on_an_empty_folder_share_keys(start: Start, app: Path) -> None:
    hosts = [start(app, "--standby", "--enable-auth") for _ in range(2)]
    assert len({host.wait_for(r"\tmaster:\s+(\S+)")[1] for host in hosts}) == 1
    key = {"x-functions-key": hosts[0].wait_for(r"\tmaster:\s+(\S+)")[1]}
    addresses = [host.base() for host in hosts]
    for base in addresses:
        # The keys are asked for at the standby's own door.
        for path in "/hub/messages", "/api/start", "/admin/functions/at_start":
            assert post(base + path).status_code == 401
        assert post(f"{base}/hub/messages", data="x", headers=key).status_code == 201
        assert post(f"{base}/api/start", headers=key).status_code == 200
    roles = [
        requests.get(f"{base}/admin/localhost", headers=key, timeout=SECONDS_MAX).json()["role"]
        for base in addresses
    ]
    assert sorted(roles) == ["owner", "standby"]


SHARED: Final = {"LOCALHOST_SHARED_SETTINGS": "STORE"}
OTHER_SETTINGS: Final = r"localhost: error: .* has other values for the app settings"


def test_standby_with_other_shared_settings_is_refused(start: Start, app: Path) -> None:
    start(app, **SHARED, STORE="one").base()
    for other in {"STORE": "another"}, {"STORE": "one", "STORE__table": "two"}:
        refused = start(app, "--standby", **SHARED, **other)
        assert refused.exit_code() == 1
        assert re.match(OTHER_SETTINGS, refused.lines[-1])
    start(app, "--standby", **SHARED, STORE="one").base()


def test_standby_ends_when_the_next_owner_has_other_settings(start: Start, app: Path) -> None:
    """What it went on to accept would wait for ever."""
    owner = start(app, **SHARED, STORE="one")
    owner.base()
    standby = start(app, "--standby", **SHARED, STORE="one")
    standby.base()
    os.kill(standby.process.pid, signal.SIGSTOP)  # so that it is not the next owner itself
    owner.end(signal.SIGKILL)
    other = start(app, "--standby", **SHARED, STORE="two")
    other.base()
    os.kill(standby.process.pid, signal.SIGCONT)
    assert standby.exit_code() == 1
    assert re.match(OTHER_SETTINGS, standby.lines[-1])
    assert role(other.base()) == "owner"


def test_standby_that_cannot_use_the_owners_data_says_so(start: Start, app: Path) -> None:
    owner, _, standby, _ = pair(start, app)
    with closing(sqlite3.connect(app / ".data" / "taskhub.db")) as hub:
        hub.execute("PRAGMA user_version = 999")
    owner.end(signal.SIGKILL)
    assert standby.exit_code() == 1
    assert re.match(r"localhost: error: .*taskhub\.db has format 999", standby.lines[-1])
