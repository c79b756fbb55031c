"""Host-protocol 7.10, 13.3 and 13.4: what dies, what is answered, and what comes back when.

Hosts of their own, whose waits are a hundredth of the real ones.
"""

import os
import signal
import threading
import time
from pathlib import Path
from typing import Any, Final

import pytest
import requests

from tests.localhost.process import SECONDS_MAX, Process, Start, until, write_app

APP: Final = """
import asyncio
import logging
import os
import sys
import threading
import time

import azure.functions as func
import azure.durable_functions as df

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)
logging.warning("at import")


def note(what):
    with open("ran", "a") as out:
        out.write(what + "\\n")


@app.route(route="pid")
def pid(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(str(os.getpid()))


@app.route(route="threads")
def threads(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(os.environ["PYTHON_THREADPOOL_THREAD_COUNT"])


@app.route(route="wait/{seconds}")
def wait(req: func.HttpRequest) -> func.HttpResponse:
    note("wait")
    time.sleep(float(req.route_params["seconds"]))
    note("waited")
    return func.HttpResponse("done")


@app.route(route="await/{seconds}")
async def await_(req: func.HttpRequest) -> func.HttpResponse:
    note("await")
    try:
        await asyncio.sleep(float(req.route_params["seconds"]))
    except asyncio.CancelledError:
        note("cancelled")
        raise
    return func.HttpResponse("done")


@app.route(route="die/{how}")
def die(req: func.HttpRequest) -> func.HttpResponse:
    {"exit": sys.exit, "now": os._exit, "key": interrupt}[req.route_params["how"]](3)


def interrupt(_):
    raise KeyboardInterrupt


@app.route(route="die-async")
async def die_async(req: func.HttpRequest) -> func.HttpResponse:
    sys.exit(4)


@app.route(route="odd/{how}")
def odd(req: func.HttpRequest) -> func.HttpResponse:
    raise {"stop": StopIteration, "base": Base}[req.route_params["how"]]


class Base(BaseException):
    pass


async def later():
    logging.warning("in a task")
    await asyncio.sleep(0.2)
    logging.warning("after its end")
    note("logged")


@app.route(route="log")
async def log(req: func.HttpRequest) -> func.HttpResponse:
    logging.warning("of the function")
    print("printed")
    threading.Thread(target=logging.warning, args=("in a thread",)).start()
    await asyncio.to_thread(logging.warning, "in to_thread")
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(None, logging.warning, "in an executor")
    log.task = asyncio.create_task(later())
    await asyncio.sleep(0.05)
    return func.HttpResponse("ok")


@app.route(route="log-sync")
def log_sync(req: func.HttpRequest) -> func.HttpResponse:
    logging.warning("of a plain function")
    return func.HttpResponse("ok")


@app.route(route="flow/{name}")
@app.durable_client_input(client_name="client")
async def flow(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    name = req.route_params["name"]
    await client.start_new(name, name, None)
    return func.HttpResponse(name)


@app.route(route="signal")
@app.durable_client_input(client_name="client")
async def signal(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    await client.signal_entity(df.EntityId("counter", "k"), "add", 2)
    return func.HttpResponse("ok")


@app.orchestration_trigger(context_name="context")
def works(context: df.DurableOrchestrationContext):
    return (yield context.call_activity("work", None))


@app.orchestration_trigger(context_name="context")
def sleeps(context: df.DurableOrchestrationContext):
    note("sleeps")
    time.sleep(30)
    yield context.call_activity("work", None)


@app.activity_trigger(input_name="x")
def work(x: str) -> int:
    note("work")
    time.sleep(30)
    return 1


@app.entity_trigger(context_name="context")
def counter(context: df.DurableEntityContext) -> None:
    context.set_state(context.get_state(lambda: 0) + context.get_input())
    note("counted")
    if not os.path.exists("calm"):
        open("calm", "w").close()
        time.sleep(30)
    context.set_result(None)


@app.timer_trigger(schedule="0 0 0 1 1 *", arg_name="t")
def yearly(t: func.TimerRequest) -> None:
    note("timer")
"""

FACTOR: Final = "0.05"


@pytest.fixture
def app(tmp_path: Path) -> Path:
    return write_app(tmp_path / "app", APP, {"version": "2.0", "functionTimeout": "00:05:00"})


@pytest.fixture
def host(start: Start, app: Path) -> Process:
    process = start(app, LOCALHOST_TIME_FACTOR=FACTOR)
    process.base()
    return process


def get(host: Process, path: str, seconds: float = SECONDS_MAX) -> requests.Response:
    return requests.get(f"{host.base()}/api/{path}", timeout=seconds)


class Request(threading.Thread):
    """A request on a thread, and the status it was answered with."""

    def __init__(self, host: Process, path: str) -> None:
        super().__init__()
        self._url = f"{host.base()}/api/{path}"
        self.status: int | None = None
        self.body = b""
        self.start()

    def run(self) -> None:
        answer = requests.get(self._url, timeout=SECONDS_MAX)
        self.status, self.body = answer.status_code, answer.content

    def ended(self) -> int | None:
        self.join(SECONDS_MAX)
        return self.status


def ran(app: Path) -> list[str]:
    file = app / "ran"
    return file.read_text().splitlines() if file.exists() else []


def worker_pid(host: Process) -> int:
    return int(get(host, "pid").text)


def kill_worker(host: Process) -> None:
    os.kill(worker_pid(host), signal.SIGKILL)


def status(host: Process, instance: str) -> Any:
    path = f"/runtime/webhooks/durabletask/instances/{instance}"
    return requests.get(host.base() + path, timeout=SECONDS_MAX).json()


def test_killed_worker_answers_500_and_a_new_one_serves(host: Process, app: Path) -> None:
    before = worker_pid(host)
    assert before != host.process.pid
    waiting = [Request(host, "wait/30"), Request(host, "await/30")]
    until(lambda: {"wait", "await"} <= set(ran(app)))
    os.kill(before, signal.SIGKILL)
    assert [request.ended() for request in waiting] == [500, 500]
    assert [request.body for request in waiting] == [b"", b""]
    assert worker_pid(host) != before
    host.wait_for(r"worker process \d+ is gone: python exited with code 137 \(0x89\)")


def test_third_death_of_a_worker_ends_the_host(host: Process) -> None:
    for _ in range(2):
        kill_worker(host)
        until(lambda: get(host, "pid").status_code == 200)
    kill_worker(host)
    assert host.exit_code() == 1
    assert "Exceeded language worker restart retry count" in host.output


@pytest.mark.parametrize("path", ["die/exit", "die/now", "die/key", "die-async"])
def test_function_that_ends_the_process_is_a_death(host: Process, path: str) -> None:
    before = worker_pid(host)
    assert get(host, path).status_code == 500
    until(lambda: get(host, "pid").status_code == 200)
    assert worker_pid(host) != before
    host.wait_for("is gone: python exited with code")


def test_killed_host_takes_its_worker_along(host: Process) -> None:
    pid = worker_pid(host)
    host.process.kill()
    host.exit_code()
    until(lambda: not Path(f"/proc/{pid}").exists() or _is_zombie(pid))


def _is_zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


@pytest.mark.sdk1
def test_activity_in_a_killed_worker_fails_its_orchestration(host: Process, app: Path) -> None:
    get(host, "flow/works")
    until(lambda: "work" in ran(app))
    kill_worker(host)
    until(lambda: status(host, "works")["runtimeStatus"] == "Failed")
    assert "python exited with code 137 (0x89)" in status(host, "works")["output"]
    assert ran(app).count("work") == 1


@pytest.mark.sdk1
def test_orchestrator_in_a_killed_worker_fails_for_good(host: Process, app: Path) -> None:
    get(host, "flow/sleeps")
    until(lambda: "sleeps" in ran(app))
    kill_worker(host)
    until(lambda: status(host, "sleeps")["runtimeStatus"] == "Failed")
    assert ran(app).count("sleeps") == 1


@pytest.mark.sdk1
def test_entity_in_a_killed_worker_runs_again_and_counts_once(host: Process, app: Path) -> None:
    get(host, "signal")
    until(lambda: "counted" in ran(app))
    kill_worker(host)
    until(lambda: ran(app).count("counted") == 2)
    url = f"{host.base()}/runtime/webhooks/durabletask/entities/counter/k"
    until(lambda: requests.get(url, timeout=SECONDS_MAX).status_code == 200)
    assert requests.get(url, timeout=SECONDS_MAX).json() == 2


def timed(start: Start, app: Path) -> Process:
    write_app(app, APP, {"version": "2.0", "functionTimeout": "00:00:01.5"})
    host = start(app, LOCALHOST_TIME_FACTOR=FACTOR)
    host.base()
    return host


def test_async_function_over_its_time_is_cancelled(start: Start, app: Path) -> None:
    host = timed(start, app)
    before = worker_pid(host)
    assert get(host, "await/30").status_code == 500
    assert "cancelled" in ran(app)
    assert worker_pid(host) != before
    host.wait_for("Timeout value of 00:00:01.5000000 was exceeded by function: Functions.await_")


def test_plain_function_over_its_time_takes_the_worker_along(start: Start, app: Path) -> None:
    host = timed(start, app)
    before = worker_pid(host)
    late = Request(host, "wait/30")
    threading.Event().wait(0.7)
    beside = Request(host, "await/30")
    assert (late.ended(), beside.ended()) == (500, 500)
    assert worker_pid(host) != before
    assert "waited" not in ran(app)


@pytest.mark.sdk1
def test_durable_work_over_its_time_fails_or_runs_again(start: Start, app: Path) -> None:
    host = timed(start, app)
    get(host, "flow/works")
    until(lambda: status(host, "works")["runtimeStatus"] == "Failed")
    assert "Timeout value of 00:00:01.5000000 was exceeded" in status(host, "works")["output"]
    get(host, "signal")
    until(lambda: "counted" in ran(app))
    get(host, "flow/sleeps")
    until(lambda: ran(app).count("sleeps") == 2)
    assert status(host, "sleeps")["runtimeStatus"] == "Pending"
    url = f"{host.base()}/runtime/webhooks/durabletask/entities/counter/k"
    until(lambda: requests.get(url, timeout=SECONDS_MAX).status_code in {200, 404})
    assert ran(app).count("counted") == 1


@pytest.mark.parametrize("how", ["stop", "base"])
def test_non_exception_is_answered_at_the_timeout(start: Start, app: Path, how: str) -> None:
    host = timed(start, app)
    began = time.monotonic()
    assert get(host, f"odd/{how}").status_code == 500
    assert time.monotonic() - began > 1.4


def test_log_lines_are_shown_only_while_their_invocation_runs(host: Process, app: Path) -> None:
    get(host, "log-sync")
    get(host, "log")
    until(lambda: "logged" in ran(app))
    get(host, "log-sync")
    host.wait_for("of the function")
    host.wait_for("printed")
    host.end()
    shown = {line.rpartition(": ")[2] for line in host.lines if "WARNING" in line}
    assert shown == {"of the function", "of a plain function", "in a task"}


def test_requests_in_flight_are_answered_when_the_host_stops(host: Process, app: Path) -> None:
    waiting = [Request(host, "wait/1.5"), Request(host, "await/1.5")]
    until(lambda: {"wait", "await"} <= set(ran(app)))
    host.process.send_signal(signal.SIGTERM)
    assert [request.ended() for request in waiting] == [200, 200]
    assert host.exit_code() == 0


def test_worker_has_a_thousand_threads(host: Process) -> None:
    assert get(host, "threads").text == "1000"


def test_several_workers_take_turns(start: Start, app: Path) -> None:
    host = start(app, FUNCTIONS_WORKER_PROCESS_COUNT="2", LOCALHOST_TIME_FACTOR=FACTOR)
    until(lambda: len({get(host, "pid").text for _ in range(4)}) == 2)
    first, second = {worker_pid(host), worker_pid(host)}
    os.kill(first, signal.SIGKILL)
    until(lambda: get(host, "pid").text == str(second))
    until(lambda: len({get(host, "pid").text for _ in range(4)} - {str(first), ""}) == 2)


@pytest.mark.parametrize(
    ("name", "value"),
    [("FUNCTIONS_WORKER_PROCESS_COUNT", "11"), ("LOCALHOST_TIME_FACTOR", "soon")],
)
def test_invalid_number_is_refused(start: Start, app: Path, name: str, value: str) -> None:
    host = start(app, **{name: value})
    assert host.exit_code() == 1
    assert name in host.output


def test_app_that_ends_its_process_ends_the_host(start: Start, tmp_path: Path) -> None:
    host = start(write_app(tmp_path / "app", "raise SystemExit(3)\n"))
    assert host.exit_code() == 1
    assert "python exited with code 3 (0x3)" in host.output
