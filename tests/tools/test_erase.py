"""What was erased is nowhere in the store, and everybody knows that it was."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from domain.decider import Decider
from intake.accept import Intake, Reason, Refused
from store.ports.deadletters import FOLD, DeadLetter, Name, Summary
from store.ports.records import ERASED, Request
from store.ports.store import Store
from telemetry.decisions import Decisions
from tests.tools.logs import DOMAIN, KEYS, NOON, append, fill, request
from tests.tools.test_audit import findings
from tools import command
from tools.backup.__main__ import copied, restored
from tools.command import Target
from tools.erase import Erased, erase
from tools.stored.open import open_writer

KEY = KEYS[0]
SECRET = 77_777


async def erased(target: Target, store: Store, **which: int | str) -> Erased:
    writer = open_writer(target.spec, DOMAIN.plural, target.environ, create=False)
    place, request_id = which.get("place"), which.get("request_id")
    assert place is None or isinstance(place, int)
    assert request_id is None or isinstance(request_id, str)
    try:
        return await erase(store, writer, KEY, place, request_id)
    finally:
        await writer.close()


async def secret(store: Store) -> Request:
    """The last entry but one says it; an inbox row and a dead letter were left."""
    asked = request(KEY, 1, SECRET)
    await append(store, [asked, request(KEY, 2)])
    await store.inbox.put([asked], NOON)
    name = Name(FOLD, KEY, asked.id)
    body = asked.payload.encode()
    summary = Summary(name, "fold-failed", "because", asked.id, None, NOON, len(body))
    await store.deadletters.put(DeadLetter(summary, None, {}, body))
    return asked


@pytest.mark.parametrize("which", [{"place": 1}, {"request_id": "id-1"}], ids=["place", "request"])
async def test_erased_entry_is_a_blank_in_every_row(
    target: Target, store: Store, which: dict[str, int | str]
) -> None:
    await secret(store)
    before = await store.log.head(KEY)
    for _ in range(2):  # it is idempotent
        assert await erased(target, store, **which) == Erased("id-1", 1)
        entry = await store.log.get(KEY, 1)
        assert entry is not None
        assert (entry.place, entry.request_id, entry.output) == (1, "id-1", ERASED)
        answered = (await store.log.find(KEY, ["id-1"]))["id-1"]
        assert (answered.payload, answered.entry) == (ERASED, entry)
        assert await store.inbox.get(KEY, ["id-1"]) == {}
        assert await store.deadletters.get(Name(FOLD, KEY, "id-1")) is None
    assert (await store.log.head(KEY)).place == before.place
    await append(store, [request(KEY, 3)])
    assert [each.place for each in await store.log.read(KEY, 0, 9)] == [1, 2, 3]


async def test_repeat_of_an_erased_request_is_refused_as_erased(
    target: Target, store: Store
) -> None:
    asked = await secret(store)
    await erased(target, store, place=1)
    intake = Intake(store, Decider(DOMAIN), Decisions("invoice"), lambda: datetime.now(UTC))
    for payload in asked.payload, request(KEY, 1, 5).payload:
        again = Request(KEY, asked.id, payload)
        assert await intake.accept([again]) == [Refused(Reason.ERASED)]
    assert await store.inbox.count(KEY, 9) == 0


async def test_erased_text_is_in_no_byte_of_a_store_file(tmp_path: Path) -> None:
    path = tmp_path / "app.db"
    target = Target(DOMAIN, f"sqlite:{path}", {})
    store = target.store(create=True)
    asked = await secret(store)
    await store.close()
    assert contains(tmp_path, str(SECRET))
    store = target.store()
    await erased(target, store, request_id=asked.id)
    await store.close()
    # The state of the domain has a total that includes it, and is not erased.
    assert not contains(tmp_path, f'"cents":{SECRET}')


def contains(folder: Path, text: str) -> bool:
    return any(text.encode() in each.read_bytes() for each in folder.iterdir())


async def test_audit_and_backup_know_what_was_erased(
    target: Target, store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await fill(store)
    await erased(target, store, place=30)
    [note] = await findings(target, capsys)
    assert note.startswith(f"note: customer {KEY}: head: is not folded to its end: the payload of")
    await copied(target, tmp_path / "copy")
    other = Target(DOMAIN, f"sqlite:{tmp_path / 'other.db'}", {})
    await restored(other, tmp_path / "copy", resume=False)
    assert await findings(other, capsys) == [note]


async def test_what_is_not_there_is_not_erased(target: Target, store: Store) -> None:
    await fill(store)
    with pytest.raises(command.Refused, match="has no entry 61"):
        await erased(target, store, place=61)
    with pytest.raises(command.Refused, match="has no request other"):
        await erased(target, store, request_id="other")
    with pytest.raises(command.Refused, match="has no place yet"):
        await erased(target, store, request_id="id-500")
    assert await store.inbox.count(KEY, 9) == 3
