"""HTTP, durable and other functions in instances of their own, on one hub: `--placement apart`."""

import os
import signal
import threading
from pathlib import Path
from typing import Any, Final

import pytest
import requests

from tests.localhost.process import SECONDS_MAX, Process, Start, until, write_app

APP: Final = """
import os
import pathlib
import time

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)
SEEN = pathlib.Path(__file__).with_name("seen")


def see(what):
    with SEEN.open("a") as file:
        print(what, os.getpid(), os.environ.get("FUNCTIONS_TARGET_GROUP"), file=file)


@app.route("http")
def http(req: func.HttpRequest) -> str:
    see("http")
    return str(os.getpid())


@app.route("hang")
def hang(req: func.HttpRequest) -> str:
    see("hang")
    time.sleep(60)
    return "late"


@app.route("signal/{name}")
@app.durable_client_input("client")
async def send(req: func.HttpRequest, client) -> str:
    await client.signal_entity(df.EntityId("journal", "k"), req.route_params["name"])
    return "sent"


@app.entity_trigger("context")
def journal(context):
    see(context.operation_name)
    hold = SEEN.with_name("hold")
    while context.operation_name == "held" and hold.exists():
        time.sleep(0.02)
    context.set_state([*context.get_state(list), context.operation_name])


@app.timer_trigger("timer", "0 0 1 1 1 *", run_on_startup=True)
def at_start(timer: func.TimerRequest) -> None:
    see("timer")
"""

TIMES: Final = ("--lease-seconds", "2", "--visibility-seconds", "6", "--polling-seconds", "0.1")


class Apart:
    """A host with its functions apart."""

    def __init__(self, start: Start, folder: Path, **environ: str) -> None:
        self.app = write_app(folder / "app", APP)
        self.hold = self.app / "hold"
        self.process: Process = start(self.app, "--placement", "apart", *TIMES, **environ)
        self.base = self.process.base()

    def get(self, path: str) -> requests.Response:
        return requests.get(f"{self.base}/api/{path}", timeout=SECONDS_MAX)

    def seen(self) -> dict[str, tuple[int, str]]:
        """Return the process and the group that ran each, the last time."""
        file = self.app / "seen"
        lines = file.read_text().splitlines() if file.exists() else []
        return {what: (int(pid), group) for what, pid, group in map(str.split, lines)}

    def state(self) -> Any:
        url = f"{self.base}/runtime/webhooks/durabletask/entities/journal/k"
        answer = requests.get(url, timeout=SECONDS_MAX)
        return answer.json() if answer.ok else []

    def workers(self) -> dict[str, list[int]]:
        answer = requests.get(f"{self.base}/admin/localhost", timeout=SECONDS_MAX).json()
        return {group: pids for group, pids in answer["workers"].items() if pids}

    def end(self, group: str) -> int:
        url = f"{self.base}/admin/localhost/instance:{group}"
        return requests.delete(url, timeout=SECONDS_MAX).status_code


@pytest.fixture
def apart(start: Start, tmp_path: Path) -> Apart:
    return Apart(start, tmp_path)


def test_each_group_has_a_process_and_a_hub_in_common(apart: Apart) -> None:
    apart.get("http")
    apart.get("signal/first")
    until(lambda: apart.state() == ["first"])
    until(lambda: "timer" in apart.seen())
    seen = apart.seen()
    assert {name: group for name, (_, group) in seen.items()} == {
        "http": "http",
        "first": "durable",
        "timer": "function:at_start",
    }
    assert apart.workers() == {group: [pid] for pid, group in seen.values()}
    assert len({pid for pid, _ in seen.values()}) == 3


def test_durable_instance_that_ends_leaves_the_others(apart: Apart) -> None:
    apart.hold.touch()
    apart.get("signal/first")
    until(lambda: apart.state() == ["first"])
    apart.get("signal/held")
    until(lambda: "held" in apart.seen())
    before, http = apart.workers(), apart.get("http").text
    assert apart.end("durable") == 202
    apart.hold.unlink()
    apart.get("signal/later")
    assert apart.get("http").text == http
    until(lambda: apart.state() == ["first", "later"])  # 5 minutes later on Azure, here 6 s:
    until(lambda: apart.state() == ["first", "later", "held"])
    after = apart.workers()
    assert after.pop("durable") != before.pop("durable")
    assert after == before


def test_http_instance_that_ends_leaves_the_others(apart: Apart) -> None:
    before = apart.workers()
    answers: list[int] = []
    asking = threading.Thread(target=lambda: answers.append(apart.get("hang").status_code))
    asking.start()
    until(lambda: "hang" in apart.seen())
    assert apart.end("http") == 202
    asking.join(SECONDS_MAX)
    assert answers == [500]
    assert apart.get("http").text not in map(str, before["http"])
    apart.get("signal/first")
    until(lambda: apart.state() == ["first"])
    assert apart.workers()["durable"] == before["durable"]


def test_third_death_of_a_worker_ends_its_instance_only(start: Start, tmp_path: Path) -> None:
    apart = Apart(start, tmp_path, LOCALHOST_TIME_FACTOR="0.01")
    others = apart.workers()
    del others["durable"]
    for death in range(4):
        until(lambda: "durable" in apart.workers())
        os.kill(apart.workers()["durable"][0], signal.SIGKILL)
        apart.process.wait_for("is gone")
        apart.get(f"signal/{death}")
        until(lambda death=death: str(death) in apart.state())  # type: ignore[misc]
    assert "Exceeded language worker restart retry count" in apart.process.output
    assert {group: pids for group, pids in apart.workers().items() if group != "durable"} == others


def test_instance_that_is_not_there_cannot_be_ended(apart: Apart) -> None:
    assert apart.end("nothing") == 404
    assert apart.end("all") == 404
