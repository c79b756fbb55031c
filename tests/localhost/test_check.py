"""`python -m localhost check`, in a process of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

from localhost.conformance.hosts import ROOT
from tests.localhost.process import write_app

APP = """
import azure.functions as func
app = func.FunctionApp()
@app.route("x")
def x(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("x")
"""
QUEUE = """
@app.queue_trigger("message", "q", "AzureWebJobsStorage")
def q(message: func.QueueMessage) -> None:
    pass
"""


def check(app: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "localhost", "check", str(app)]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )


def test_app_of_recorded_parts_passes(tmp_path: Path) -> None:
    done = check(write_app(tmp_path / "app", APP))
    assert done.returncode == 0, done.stderr
    assert "recorded   HTTP functions: x" in done.stdout


def test_what_is_not_built_is_named(tmp_path: Path) -> None:
    host = {"version": "2.0", "retry": {"strategy": "x"}}
    done = check(write_app(tmp_path / "app", APP + QUEUE, host))
    assert done.returncode == 1, done.stderr
    assert "not built  binding queueTrigger: q" in done.stdout
    assert "not built  retry at the top: host.json" in done.stdout
    assert "warning: q will not run: localhost has no queueTrigger" in done.stdout


@pytest.mark.parametrize(
    ("app", "said"),
    [("import nowhere", "nowhere"), (APP.replace('"x")', '"/x")', 1), "begins with a slash")],
)
def test_app_that_would_not_run_is_exit_code_2(tmp_path: Path, app: str, said: str) -> None:
    done = check(write_app(tmp_path / "app", app))
    assert done.returncode == 2
    assert said in done.stderr
