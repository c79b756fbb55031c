"""The command that looks at dead letters, puts them back in and drops them."""

import base64
import io
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from store.app_port import AppStore
from store.open import open_store
from store.port import Unknown
from tests.triggers.deliveries import Sent, deliver_by_hand, numbered, todo_event
from tests.triggers.event_service import EventService
from todos import TodoRequest
from tools.deadletters import DONE, NOT_ALL, parse, run

ROOT = Path(__file__).parent.parent.parent


@dataclass
class Bench:
    """An app with dead letters in its store, and the command beside it."""

    service: EventService
    store: AppStore
    printed: Callable[[], str]

    async def run(self, *argv: str) -> int:
        return await run(parse(argv), self.store)

    async def json(self, *argv: str) -> tuple[int, Any]:
        self.printed()
        code = await run(parse([*argv, "--json"]), self.store)
        return code, json.loads(self.printed())

    async def keys(self) -> list[str]:
        _, listed = await self.json("list")
        return [each["key"] for each in listed]


@pytest.fixture(params=["sqlite", pytest.param("tables", marks=pytest.mark.azurite)])
async def bench(
    request: pytest.FixtureRequest, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> AsyncIterator[Bench]:
    """The app and the command have each a store of their own over the same file or account."""
    spec, environ = f"sqlite:{tmp_path / 'todos.db'}", {}
    if request.param == "tables":
        spec, environ = "tables", {"TodoTables": request.getfixturevalue("tables_account")}
    apps, commands = open_store(spec, environ), open_store(spec, environ)
    service = EventService.over(apps)
    yield Bench(service, commands, lambda: capsys.readouterr().out)
    await service.hub.idle()
    await apps.close()
    await commands.close()


def bad(number: int, **more: Any) -> Sent:
    return Sent(b'{"projectId": 7, "title": "\xff\x1b[2J"}', number, **more)


async def test_the_list_has_a_line_for_each(bench: Bench) -> None:
    await bench.service.receive(bad(3), Sent(b"{", 4), todo_event(7, "good", 5))
    assert await bench.run("list") == DONE
    lines = bench.printed().splitlines()
    assert [line.split("/")[:2] for line in lines[:2]] == [["requests", "0"]] * 2
    assert "not UTF-8" in lines[0]
    assert lines[2] == "2 dead letters"


async def test_a_letter_is_shown_with_all_that_is_in_it(bench: Bench) -> None:
    await bench.service.receive(bad(3, properties={"requestId": "abc", "n": 1}, message_id="m"))
    [key] = await bench.keys()
    code, shown = await bench.json("show", key)
    assert code == DONE
    assert base64.b64decode(shown["bodyBase64"]) == bad(3).body
    assert shown["properties"] == {"requestId": "abc", "n": 1}
    names = ("key", "sequenceNumber", "requestId", "messageId", "code")
    assert [shown[each] for each in names] == [key, 3, "abc", "m", "invalid-body"]
    assert shown["enqueuedAt"] == "2026-07-01T10:00:00.123+00:00"


async def test_what_a_stranger_wrote_does_not_reach_the_terminal_as_it_is(bench: Bench) -> None:
    evil = "\x1b[2J\u202e"
    body = json.dumps({"title": evil}, ensure_ascii=False).encode()
    await bench.service.receive(Sent(body, 3, properties={evil: evil}, message_id="m"))
    [key] = await bench.keys()
    for command in (["list"], ["show", key], ["replay", key]):
        await bench.run(*command)
        printed = bench.printed()
        assert "\x1b" not in printed
        assert "\u202e" not in printed


async def test_a_body_can_be_had_byte_by_byte(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bench.service.receive(Sent(bytes(range(256)), 3))
    [key] = await bench.keys()
    written = io.BytesIO()
    with monkeypatch.context() as piped:
        piped.setattr("sys.stdout", io.TextIOWrapper(written, write_through=True))
        assert await bench.run("show", key, "--raw") == DONE
        assert written.getvalue() == bytes(range(256))


async def test_a_corrected_body_becomes_a_todo_under_the_original_request_id(
    bench: Bench, tmp_path: Path
) -> None:
    await bench.service.receive(bad(3, properties={"requestId": "abc"}), bad(4, partition="0"))
    fixed = tmp_path / "fixed.json"
    fixed.write_text('{"projectId": 7, "title": "fixed"}')
    for key, request_id in zip(await bench.keys(), ["abc", "requests/0/4"], strict=True):
        code, [result] = await bench.json("replay", key, "--body", str(fixed))
        assert code == DONE
        assert result == {
            "key": key,
            "outcome": "accepted",
            "projectId": 7,
            "requestId": request_id,
        }
    assert await bench.keys() == []
    rows = await bench.store.inbox.get(7, ["abc", "requests/0/4"])
    assert {each.title for each in rows.values()} == {"fixed"}
    assert len(rows) == 2


async def test_what_is_still_wrong_stays(bench: Bench) -> None:
    await bench.service.receive(bad(3))
    keys = await bench.keys()
    code, [result] = await bench.json("replay", *keys)
    assert code == NOT_ALL
    assert (result["outcome"], result["code"]) == ("dead", "invalid-body")
    assert await bench.keys() == keys


async def test_events_go_back_in_after_the_rules_were_fixed(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = numbered(
        [todo_event(7, f"TODO {n}", properties={"requestId": f"r{n}"}) for n in range(5)]
    )
    with monkeypatch.context() as broken:
        broken.setattr("triggers.event_requests.BODY_BYTES_MAX", 1)
        await bench.service.receive(*events)
    keys = await bench.keys()
    assert len(keys) == 5
    code, results = await bench.json("replay", "--all")
    assert code == DONE
    assert [each["outcome"] for each in results] == ["accepted"] * 5
    # What a redelivery would do now, and what the sweeper does with the inbox rows.
    await bench.service.receive(*events)
    assert await bench.service.titles(7) == [f"TODO {n}" for n in range(5)]
    assert await bench.service.request_ids(7) == [f"r{n}" for n in range(5)]
    assert await bench.service.letters() == []


async def test_replaying_again_creates_nothing_again(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bench.service.receive(bad(3))
    [key] = await bench.keys()
    fixed = tmp_path / "fixed.json"
    fixed.write_text('{"projectId": 7, "title": "fixed"}')

    async def lose(_: object) -> None:
        raise Unknown("killed before the letter was removed")

    outcomes = []
    for crash in (True, True, False):
        with monkeypatch.context() as broken:
            if crash:
                broken.setattr(bench.store.deadletters, "remove", lose)
                with pytest.raises(Unknown):
                    await bench.run("replay", key, "--body", str(fixed))
            else:
                _, [result] = await bench.json("replay", key, "--body", str(fixed))
                outcomes.append(result)
        # The running app takes the inbox row up, and finds nothing to do the second time.
        request = TodoRequest(7, "requests/0/3", "fixed")
        await bench.service.calls.intake.accept([request], bench.service.hub)
        await bench.service.hub.idle()
        assert await bench.service.titles(7) == ["fixed"]
    assert outcomes == [
        {"key": key, "outcome": "created", "projectId": 7, "requestId": "requests/0/3", "id": 1}
    ]
    assert await bench.json("replay", key) == (NOT_ALL, [{"key": key, "outcome": "missing"}])


async def test_an_id_that_belongs_to_another_todo_can_be_replaced(bench: Bench) -> None:
    await bench.service.receive(todo_event(7, "one", 1, properties={"requestId": "abc"}))
    await bench.service.receive(todo_event(7, "two", 2, properties={"requestId": "abc"}))
    [key] = await bench.keys()
    code, [result] = await bench.json("replay", key)
    assert (code, result["code"]) == (NOT_ALL, "request-id-reused")
    code, [result] = await bench.json("replay", key, "--request-id", "def")
    assert (code, result["outcome"], result["requestId"]) == (DONE, "accepted", "def")


async def test_an_event_of_no_partition_keeps_its_request_id(bench: Bench, tmp_path: Path) -> None:
    await bench.service.calls.receive(deliver_by_hand(b"{"), bench.service.hub)
    [letter] = await bench.service.letters()
    fixed = tmp_path / "fixed.json"
    fixed.write_text('{"projectId": 7, "title": "fixed"}')
    _, [result] = await bench.json("replay", str(letter.summary.key), "--body", str(fixed))
    assert result["requestId"] == letter.summary.request_id


async def test_a_body_that_was_too_long_to_keep_is_not_replayed_without_another(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = b'{"projectId": 7, "title": "a"}' + b" " * 30_000
    monkeypatch.setattr("triggers.dead_events.BODY_BYTES_MAX", 30)
    await bench.service.receive(Sent(body, 3))
    [key] = await bench.keys()
    _, [result] = await bench.json("replay", key)
    assert result["outcome"] == "dead"
    fixed = tmp_path / "fixed.json"
    fixed.write_bytes(body.rstrip())
    _, [result] = await bench.json("replay", key, "--body", str(fixed))
    assert (result["outcome"], result["requestId"]) == ("accepted", "requests/0/3")


async def test_dropped_letters_are_gone_and_the_others_are_not(bench: Bench) -> None:
    await bench.service.receive(bad(3), bad(4), bad(5))
    keys = await bench.keys()
    assert await bench.run("drop", keys[0], keys[2]) == DONE
    assert await bench.keys() == [keys[1]]
    assert await bench.run("drop", keys[0]) == NOT_ALL


async def test_a_letter_that_is_not_there_is_an_error(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    for command in (["show"], ["drop"], ["replay"]):
        assert await bench.run(*command, "requests/0/1-abcdefgh") == NOT_ALL
    assert "requests/0/1-abcdefgh" in capsys.readouterr().err
