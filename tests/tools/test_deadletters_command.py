"""Arguments, settings and exit codes of the command for dead letters."""

import json
from pathlib import Path

import pytest

from store.open import open_store
from tests.tools.starting import start
from tests.triggers.deliveries import Sent
from tests.triggers.event_service import EventService
from todos import TodoRequest
from tools.deadletters import DONE, NO_ANSWER, WRONG, parse, run_and_close
from triggers.intake import Accepted


@pytest.mark.parametrize(
    "argv",
    [
        ["--store", "sqlite:x", "--json", "list"],
        ["list", "--store", "sqlite:x", "--json"],
        ["--json", "list", "--store", "sqlite:x"],
        ["--store", "sqlite:y", "list", "--json", "--store", "sqlite:x"],
    ],
)
def test_options_go_before_the_command_or_behind_it(argv: list[str]) -> None:
    arguments = parse(argv)
    assert (arguments.store, arguments.json) == ("sqlite:x", True)


def test_options_have_defaults() -> None:
    arguments = parse(["list"])
    assert (arguments.store, arguments.json) == (None, False)


@pytest.mark.parametrize(
    "argv",
    [
        [],
        ["show"],
        ["show", "no-key"],
        ["replay"],
        ["replay", "--all", "a/0/1"],
        ["replay", "--all", "--body", "x"],
        ["replay", "a/0/1", "a/0/2", "--request-id", "x"],
        ["replay", "a/0/1", "--request-id", "two words"],
        ["drop"],
        ["drop", "--all"],
    ],
)
def test_wrong_arguments_end_with_2(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(argv)
    assert ended.value.code == WRONG
    assert "usage" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("environ", "code"),
    [
        ({"TODO_STORE": "nonsense"}, WRONG),
        ({"TODO_STORE": "tables"}, WRONG),
        ({"TODO_STORE": "sqlite:/nowhere/at/all.db"}, NO_ANSWER),
    ],
)
async def test_settings_that_lead_nowhere_are_told_apart_from_a_store_that_is_down(
    environ: dict[str, str],
    code: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert await run_and_close(parse(["list"]), environ) == code
    assert len(capsys.readouterr().err.splitlines()) == 1


async def test_the_command_works_while_the_app_runs_and_takes_its_settings(tmp_path: Path) -> None:
    spec = f"sqlite:{tmp_path / 'todos.db'}"
    values = {"Values": {"TODO_STORE": spec, "TodoTables": ""}}
    (tmp_path / "local.settings.json").write_text(json.dumps(values))
    (tmp_path / "fixed.json").write_text('{"projectId": 7, "title": "fixed"}')
    store = open_store(spec, {})
    service = EventService.over(store)
    await service.receive(Sent(b"{", 3))
    listed = json.loads(start(tmp_path, "tools.deadletters", "list", "--json").stdout)
    done = start(tmp_path, "tools.deadletters", "replay", listed[0]["key"], "--body", "fixed.json")
    assert (done.returncode, done.stderr) == (DONE, "")
    assert "request requests/0/3 of project 7" in done.stdout
    assert await service.letters() == []
    outcomes = await service.calls.intake.accept(
        [TodoRequest(7, "requests/0/3", "fixed")], service.hub
    )
    assert outcomes == [Accepted()]
    await service.hub.idle()
    assert await service.titles(7) == ["fixed"]
    await store.close()
