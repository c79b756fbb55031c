"""An app whose limits do not fit together does not start, and says which and why."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from triggers.concurrency import check_concurrency

ROOT = Path(__file__).parent.parent.parent
OVERRIDE = "AzureFunctionsJobHost__extensions__durableTask__"
ACTIVITIES = "maxConcurrentActivityFunctions"


def host_json(folder: Path, **limits: Any) -> Path:
    path = folder / "host.json"
    path.write_text(json.dumps({"version": "2.0", "extensions": {"durableTask": limits}}))
    return path


def usual(folder: Path) -> Path:
    return host_json(
        folder,
        maxConcurrentOrchestratorFunctions=16,
        maxConcurrentEntityFunctions=16,
        maxConcurrentActivityFunctions=20,
    )


def threads(count: object, processes: object = 1) -> dict[str, str]:
    counts = {"PYTHON_THREADPOOL_THREAD_COUNT": count, "FUNCTIONS_WORKER_PROCESS_COUNT": processes}
    return {name: str(each) for name, each in counts.items()}


@pytest.mark.parametrize("environ", [threads(32), threads(16, 2), threads(8, 4), threads(100)])
def test_limits_that_fit_are_fine(tmp_path: Path, environ: dict[str, str]) -> None:
    check_concurrency(usual(tmp_path), environ)


@pytest.mark.parametrize(("environ", "have"), [(threads(31), 31), (threads(10, 3), 30)])
def test_more_than_there_are_threads_for_is_refused_in_one_sentence(
    tmp_path: Path, environ: dict[str, str], have: int
) -> None:
    with pytest.raises(ValueError, match="are needed") as refused:
        check_concurrency(usual(tmp_path), environ)
    (sentence,) = str(refused.value).splitlines()
    assert f"there are {have} threads" in sentence
    for name in (
        *("maxConcurrentOrchestratorFunctions", "maxConcurrentEntityFunctions"),
        *("PYTHON_THREADPOOL_THREAD_COUNT", "FUNCTIONS_WORKER_PROCESS_COUNT", "16", "32"),
    ):
        assert name in sentence


def test_an_app_setting_comes_before_host_json(tmp_path: Path) -> None:
    path = usual(tmp_path)
    more = {OVERRIDE + "maxConcurrentEntityFunctions": "17"}
    with pytest.raises(ValueError, match="17 entities"):
        check_concurrency(path, threads(32) | more)
    less = {(OVERRIDE + "maxConcurrentEntityFunctions").upper(): "8"}
    check_concurrency(path, threads(24) | less)


def test_what_host_json_does_not_say_is_ten_per_processor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    check_concurrency(host_json(tmp_path), threads(40))
    with pytest.raises(ValueError, match="20 orchestrators and 20 entities"):
        check_concurrency(host_json(tmp_path), threads(39))


def test_on_azure_the_default_of_the_worker_counts_and_elsewhere_it_is_good_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    check_concurrency(usual(tmp_path), {})
    with pytest.raises(ValueError, match="there are 6 threads"):
        check_concurrency(usual(tmp_path), {"WEBSITE_SITE_NAME": "todos"})


@pytest.mark.parametrize(("activities", "processes"), [(30, 1), (60, 2)])
def test_activities_leave_connections_to_those_who_accept(
    tmp_path: Path, activities: int, processes: int
) -> None:
    environ = threads(32, processes)
    environ[OVERRIDE + "maxConcurrentActivityFunctions"] = str(activities - 1)
    check_concurrency(usual(tmp_path), environ)
    environ[OVERRIDE + "maxConcurrentActivityFunctions"] = str(activities)
    with pytest.raises(ValueError, match=f"{activities} activities"):
        check_concurrency(usual(tmp_path), environ)


@pytest.mark.parametrize("text", ["0", "-1", "many", "1.5", "²"])
def test_a_number_that_is_none_is_named(tmp_path: Path, text: str) -> None:
    with pytest.raises(ValueError, match=r"PYTHON_THREADPOOL_THREAD_COUNT is .* whole number"):
        check_concurrency(usual(tmp_path), threads(text))


@pytest.mark.parametrize("limit", [0, -1, 1.5, True, None, "many"])
def test_a_limit_that_is_none_is_named(tmp_path: Path, limit: Any) -> None:
    path = host_json(tmp_path, maxConcurrentOrchestratorFunctions=limit)
    with pytest.raises(ValueError, match=r"host\.json: maxConcurrentOrchestratorFunctions is"):
        check_concurrency(path, threads(32))


def test_names_may_be_in_any_case_as_in_the_host(tmp_path: Path) -> None:
    path = tmp_path / "host.json"
    limits = {"MaxConcurrentOrchestratorFunctions": 400}
    path.write_text(json.dumps({"Extensions": {"DurableTask": limits}}))
    with pytest.raises(ValueError, match="400 orchestrators"):
        check_concurrency(path, threads(32))


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"extensions": []}', '{"extensions": {"durableTask": 1}}']
)
def test_a_file_that_makes_no_sense_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "host.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"host\.json"):
        check_concurrency(path, threads(32))


@pytest.mark.parametrize("text", ["{}", '{"extensions": null}', '{"extensions": {}}'])
def test_a_section_that_is_not_there_says_nothing(tmp_path: Path, text: str) -> None:
    path = tmp_path / "host.json"
    path.write_text(text)
    check_concurrency(path, threads(20 * (os.cpu_count() or 1)) | {OVERRIDE + ACTIVITIES: "1"})


def test_the_repository_fits() -> None:
    sample = json.loads((ROOT / "local.settings.sample.json").read_text(encoding="utf-8"))
    check_concurrency(ROOT / "host.json", sample["Values"])


LIST = """
import json, sys, asyncio, function_app
print(json.dumps({
    str(each.get_function_name()): asyncio.iscoroutinefunction(each.get_user_function())
    for each in function_app.app.get_functions()
}))
"""


def start(folder: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Import the app as the worker does, with everything switched on."""
    settings = {
        "TODO_STORE": f"sqlite:{folder / 'todos.db'}",
        "TODO_REQUESTS_HUB": "requests",
        "TODO_EVENTS_HUB": "todos",
        "EventHubs": "http://127.0.0.1:1",
    }
    return subprocess.run(
        [sys.executable, "-c", LIST],
        cwd=ROOT,
        env={**os.environ, **settings, **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_only_orchestrator_and_entity_occupy_threads(tmp_path: Path) -> None:
    """The check counts these two; a plain function more would have to count too."""
    done = start(tmp_path, **threads(32))
    is_async = json.loads(done.stdout)
    assert {name for name, each in is_async.items() if not each} == {"outbox", "entity"}
    assert len(is_async) > 10


def test_the_app_does_not_start(tmp_path: Path) -> None:
    done = start(tmp_path, **threads(8))
    assert done.returncode != 0
    assert done.stderr.splitlines()[-1].startswith("ValueError: host.json lets in 16 orchestrators")
