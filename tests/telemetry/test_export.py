"""What arrives at Application Insights: lines, metrics and spans, once each, and only when wanted.

The exporter runs in a process of its own, since its providers are those of a process for good, and
sends to a server of the test in place of Azure.
"""

import gzip
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from azure_functions_runtime.utils.app_setting_manager import is_true_like

from telemetry import export
from telemetry.export import CONNECTION, DISTRO, SWITCH

ROOT = Path(__file__).parents[2]
BICEP = ROOT / "infra" / "modules" / "function-app.bicep"
KEY = "00000000-0000-0000-0000-000000000001"

ON_AZURE = {
    name: value
    for name, value in re.findall(
        r"^\s+(\w+): '(\w+)'$", BICEP.read_text(encoding="utf-8"), re.MULTILINE
    )
    if name.startswith("APPLICATIONINSIGHTS_") or name == SWITCH
}
"""What infra/ sets about telemetry, without the address."""

APP = """
import logging, os, sys
from opentelemetry import metrics, trace
from telemetry import export, tracing
from telemetry.decisions import Decisions

logging.getLogger().setLevel(logging.INFO)  # as the worker does
tell = Decisions("todo")
started = export.start(logging.INFO, os.environ)
with tracing.invocation(type("Caller", (), {
    "trace_parent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "trace_state": ""
})):
    with tracing.shared("accept", [tracing.here()]):
        tell.accepted("7", ["1c9e"])
        try:
            raise ValueError("broken")
        except ValueError as error:
            tell.emit_failed("7", error)
logging.getLogger("azure.core.pipeline.policies.http_logging_policy").info("headers")
logging.getLogger("azure.monitor.opentelemetry.exporter").warning("could not export")
print(started, flush=True)
"""


class Ingestion(BaseHTTPRequestHandler):
    """Takes whatever it gets."""

    items: ClassVar[list[dict[str, Any]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        items = json.loads(body)
        self.items.extend(items)
        answer = {"itemsReceived": len(items), "itemsAccepted": len(items), "errors": []}
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture(scope="module")
def ingestion() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Ingestion)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    address = f"http://127.0.0.1:{server.server_port}/"
    yield f"InstrumentationKey={KEY};IngestionEndpoint={address};LiveEndpoint={address}"
    server.shutdown()
    thread.join()
    server.server_close()


def run(tmp_path: Path, **settings: str) -> tuple[str, list[dict[str, Any]], str]:
    """Run an app with these settings; return what it printed, what arrived, and its errors."""
    Ingestion.items.clear()
    environ = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "TMPDIR": str(tmp_path),  # where the exporter keeps what it cannot send
        **ON_AZURE,
        "WEBSITE_SITE_NAME": "func-todos",
        **settings,
    }
    done = subprocess.run(
        [sys.executable, "-c", APP],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip(), list(Ingestion.items), done.stderr


def of(items: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [each["data"]["baseData"] for each in items if each["data"]["baseType"] == kind]


@pytest.fixture(scope="module")
def arrived(ingestion: str, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    started, items, _ = run(tmp_path_factory.mktemp("kept"), **{CONNECTION: ingestion})
    assert started == "True"
    return items


def test_each_line_arrives_once_and_as_it_was_written(arrived: list[dict[str, Any]]) -> None:
    lines = of(arrived, "MessageData")
    assert sorted(each["message"].splitlines()[0] for each in lines) == [
        'accepted domain="todo" key="7" requests=["1c9e"]',
        'emit_failed domain="todo" key="7"',
    ]


def test_line_with_an_exception_is_where_alarms_look_for_it(
    arrived: list[dict[str, Any]],
) -> None:
    (line,) = [e["message"] for e in of(arrived, "MessageData") if "emit_failed" in e["message"]]
    assert line.splitlines()[-1] == "ValueError: broken"
    assert of(arrived, "ExceptionData") == []


def test_what_a_line_says_is_a_custom_dimension(arrived: list[dict[str, Any]]) -> None:
    (line,) = [e for e in of(arrived, "MessageData") if e["message"].startswith("accepted ")]
    assert line["properties"]["event"] == "accepted"
    assert line["properties"]["key"] == "7"


def test_lines_and_spans_belong_to_the_trace_of_the_invocation(
    arrived: list[dict[str, Any]],
) -> None:
    found = [each for each in arrived if each["data"]["baseType"] != "MetricData"]
    operations = {each["tags"]["ai.operation.id"] for each in found}
    assert operations == {"0af7651916cd43dd8448eb211c80319c"}
    assert [each["name"] for each in of(arrived, "RemoteDependencyData")] == ["accept"]


def test_metrics_arrive_under_their_names(arrived: list[dict[str, Any]]) -> None:
    metrics = [metric for each in of(arrived, "MetricData") for metric in each["metrics"]]
    assert {
        each["name"]: each["value"] for each in metrics if each["name"].startswith("todo.")
    } == {"todo.requests.accepted": 1}


def test_all_of_it_comes_from_the_app_by_name(arrived: list[dict[str, Any]]) -> None:
    assert {each["tags"]["ai.cloud.role"] for each in arrived} == {"func-todos"}


@pytest.mark.parametrize(
    "settings",
    [{SWITCH: ""}, {SWITCH: "false"}, {DISTRO: "true"}, {CONNECTION: ""}],
    ids=["not wanted", "switched off", "the worker does it", "nowhere to send to"],
)
def test_spans_sent_elsewhere_or_unwanted_are_not_exported(
    ingestion: str, tmp_path: Path, settings: dict[str, str]
) -> None:
    started, items, _ = run(tmp_path, **{CONNECTION: ingestion, **settings})
    assert (started, items) == ("False", [])


@pytest.mark.parametrize("text", ["true", " TRUE ", "1", "t", "yes", "y", "false", "0", "", "on"])
def test_switch_is_on_when_the_worker_says_so(text: str) -> None:
    assert export._is_on({SWITCH: text}, SWITCH) == is_true_like(text)


def test_malformed_connection_string_does_not_stop_the_start(
    tmp_path: Path,
) -> None:
    started, _, errors = run(tmp_path, **{CONNECTION: "nonsense"})
    assert started == "False"
    assert "telemetry_off" in errors


def test_a_server_that_does_not_answer_does_not_hold_up_the_app(tmp_path: Path) -> None:
    nowhere = f"InstrumentationKey={KEY};IngestionEndpoint=http://127.0.0.1:9/"
    started, _, _ = run(tmp_path, **{CONNECTION: nowhere})
    assert started == "True"
