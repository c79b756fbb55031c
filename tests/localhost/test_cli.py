"""The command itself, as processes of its own, on apps written for the test."""

import re
import signal
import socket
from pathlib import Path
from typing import Final

import pytest
import requests

from tests.localhost.process import SECONDS_MAX, Process, Start, write_app

APP: Final = """
import azure.functions as func
import azure.durable_functions as df

app = df.DFApp(http_auth_level=func.AuthLevel.FUNCTION)

@app.route(route="start/{n:int}", methods=["POST"])
@app.durable_client_input(client_name="client")
async def start(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    instance = await client.start_new("flow", None, int(req.route_params["n"]))
    return await client.wait_for_completion_or_create_check_status_response(req, instance, 20_000)

@app.route(route="signals/{n:int}", methods=["POST"])
@app.durable_client_input(client_name="client")
async def signals(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> str:
    import asyncio
    count = int(req.route_params["n"])
    entity = df.EntityId("Counter", "many")
    await asyncio.gather(*(client.signal_entity(entity, "add", 1) for _ in range(count)))
    return str(count)

@app.route(route="hello")
def hello(req: func.HttpRequest) -> str:
    return "hello"

@app.orchestration_trigger(context_name="context")
def flow(context: df.DurableOrchestrationContext):
    tasks = [context.call_activity("double", n) for n in range(context.get_input())]
    return (yield context.task_all(tasks))

@app.activity_trigger(input_name="n")
def double(n: int) -> int:
    return 2 * n

@app.entity_trigger(context_name="context")
def Counter(context: df.DurableEntityContext) -> None:
    context.set_state(context.get_state(lambda: 0) + 1)
    context.set_result(None)

@app.timer_trigger(schedule="0 0 0 1 1 *", arg_name="t", run_on_startup=True)
async def at_start(t: func.TimerRequest) -> None:
    print("timer ran", flush=True)
"""


@pytest.fixture
def app(tmp_path: Path) -> Path:
    return write_app(tmp_path / "app", APP)


def fails(process: Process, message: str) -> str:
    """Check that it ended with code 1 and one clear line, and return all it said."""
    assert process.exit_code() == 1, process.output
    assert re.search(rf"^localhost: error: .*{message}", process.lines[-1]), process.output
    assert "Traceback" not in process.lines[-1]
    return process.output


def test_it_serves_an_unmodified_app_and_says_what_it_serves(start: Start, app: Path) -> None:
    host = start(app)
    base = host.base()
    assert requests.post(f"{base}/api/start/3", timeout=SECONDS_MAX).json() == [0, 2, 4]
    host.wait_for(r"POST /api/start/3 200 [\d.]+ms$")
    pid = host.process.pid
    assert any(f"a Functions host, process {pid}," in each for each in host.lines)
    assert f"Listening on {base}. Press Ctrl-C to stop process {pid}." in host.lines
    assert "Functions:" in host.lines
    assert f"\tstart: [POST] {base}/api/start/{{n:int}}" in host.lines
    assert "\tflow: orchestrationTrigger" in host.lines
    assert "\tdouble: activityTrigger" in host.lines
    assert "\tCounter: entityTrigger" in host.lines
    host.wait_for("timer ran")
    assert host.end() == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_stops_cleanly(start: Start, app: Path, number: int) -> None:
    host = start(app)
    base = host.base()
    with requests.Session() as session:  # a connection that stays open
        session.post(f"{base}/api/start/1", timeout=SECONDS_MAX)
        assert host.end(number) == 0
    assert "Traceback" not in host.output
    assert "Unclosed" not in host.output
    assert "never" not in host.output


def test_it_starts_again_on_the_same_data_after_kill_9(start: Start, app: Path) -> None:
    host = start(app)
    base = host.base()
    requests.post(f"{base}/api/signals/5", timeout=SECONDS_MAX)
    host.process.kill()
    host.exit_code()
    again = start(app)
    base = again.base()
    assert requests.post(f"{base}/api/start/2", timeout=SECONDS_MAX).json() == [0, 2]
    assert again.end() == 0


def test_no_request_log_leaves_the_lines_out(start: Start, app: Path) -> None:
    host = start(app, "--no-request-log")
    requests.get(f"{host.base()}/api/hello", timeout=SECONDS_MAX)
    assert host.end() == 0
    assert "/api/hello 200" not in host.output


def test_strict_mode_prints_the_keys_and_asks_for_them(start: Start, app: Path) -> None:
    host = start(app, "--enable-auth")
    base = host.base()
    url = f"{base}/api/hello"
    assert requests.get(url, timeout=SECONDS_MAX).status_code == 401
    key = host.wait_for(r"\thost:\s+(\S+)")[1]
    answer = requests.get(url, headers={"x-functions-key": key}, timeout=SECONDS_MAX)
    assert answer.text == "hello"
    webhook = f"{base}/runtime/webhooks/durabletask/orchestrators/flow"
    assert requests.post(webhook, data="1", timeout=SECONDS_MAX).status_code == 401
    system = host.wait_for(r"\tsystem:\s+(\S+)")[1]
    started = requests.post(f"{webhook}?code={system}", json=1, timeout=SECONDS_MAX)
    assert started.status_code == 202
    # The links of the answer lead back to this port.
    assert requests.get(started.json()["statusQueryGetUri"], timeout=SECONDS_MAX).ok
    # The master key opens everything.
    master = host.wait_for(r"\tmaster:\s+(\S+)")[1]
    started = requests.post(f"{base}/api/start/1?code={master}", timeout=SECONDS_MAX)
    assert started.json() == [0]


def test_the_allow_list_of_host_json_leaves_functions_out(start: Start, tmp_path: Path) -> None:
    app = write_app(tmp_path / "app", APP, host={"version": "2.0", "functions": ["hello"]})
    base = start(app).base()
    functions = requests.get(f"{base}/admin/functions", timeout=SECONDS_MAX).json()
    assert [item["name"] for item in functions] == ["hello"]


def test_another_app_folder_can_be_named(start: Start, app: Path, tmp_path: Path) -> None:
    base = start(tmp_path, "--app", str(app)).base()
    assert requests.get(f"{base}/api/hello", timeout=SECONDS_MAX).text == "hello"
    assert (tmp_path / ".data").is_dir()


def test_a_port_in_use_is_an_error(start: Start, app: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        fails(start(app, "--port", str(port)), f"port {port} is in use")


def test_data_in_use_is_an_error(start: Start, app: Path) -> None:
    first = start(app)
    first.base()
    fails(start(app), f"in use by another localhost, process {first.process.pid}")


@pytest.mark.parametrize("file", ["taskhub.db", "keys.json"])
def test_corrupt_data_is_an_error(start: Start, app: Path, file: str) -> None:
    (app / ".data").mkdir()
    (app / ".data" / file).write_bytes(b"\x00garbage" * 1000)
    fails(start(app), re.escape(file))


@pytest.mark.parametrize(
    ("code", "message", "shown"),
    [
        (APP + "\nsecond = func.FunctionApp()\n", "ValueError: More than one", ""),
        ("import azure.functions\n", "ValueError: Could not find top level", ""),
        ("import nowhere_to_be_found\n", "ModuleNotFoundError: .*nowhere_to", "import nowhere"),
        ("def f(:\n", "SyntaxError: ", "def f(:"),
        ("def g():\n    raise LookupError('why')\ng()\n", "LookupError: why", "line 3"),
    ],
)
def test_broken_app_has_no_functions_and_its_lines_are_shown(
    start: Start, tmp_path: Path, code: str, message: str, shown: str
) -> None:
    host = start(write_app(tmp_path / "app", code))
    assert requests.get(f"{host.base()}/api/hello", timeout=SECONDS_MAX).status_code == 404
    host.wait_for(f"error: the app has no functions, it cannot be loaded: {message}")
    assert shown in host.output


@pytest.mark.parametrize("arguments", [["--port", "x"], ["--port", "70000"], ["--nonsense"]])
def test_wrong_usage_is_code_2(start: Start, app: Path, arguments: list[str]) -> None:
    host = start(app, *arguments)
    assert host.exit_code() == 2
    assert "usage: python -m localhost" in host.output
