"""Dead letters are put through the intake again, and make at most one entry."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from store.ports.deadletters import FOLD, DeadLetter, Name, Summary
from store.ports.records import ERASED, Answered, Entry, Head, Request, Unknown
from store.ports.store import Store
from tests.tools.logs import DOMAIN, KEYS, NOON, append, request
from tools.deadletters.desk import Change, Desk, Outcome

KEY = KEYS[0]
ORDER = '{"year":2026,"cents":500,"currency":"EUR"}'
EVENT = f'{{"customerId":"{KEY}","year":2026,"cents":500,"currency":"EUR"}}'.encode()
OF_EVENT = Name("requests", "0", "17-0a1b2c3d")
OF_REQUEST = Name(FOLD, KEY, "id-1")


def letter(name: Name, body: bytes, request_id: str | None = "id-1") -> DeadLetter:
    summary = Summary(name, "invalid-body", "because", request_id, None, NOON, len(body))
    return DeadLetter(summary, None, {}, body)


@pytest.fixture
def desk(store: Store) -> Desk:
    return Desk(store, DOMAIN)


CASES = [
    pytest.param(letter(OF_EVENT, EVENT), id="event"),
    pytest.param(letter(OF_REQUEST, ORDER.encode()), id="request"),
]


@pytest.mark.parametrize("case", CASES)
async def test_replayed_letter_is_accepted_once_and_removed(
    store: Store, desk: Desk, case: DeadLetter
) -> None:
    name = case.summary.name
    for _ in range(2):  # a crash between acceptance and removal leaves it to be replayed again
        await store.deadletters.put(case)
        result = await desk.replay(name, Change())
        assert (result.outcome, result.key, result.request_id) == (Outcome.ACCEPTED, KEY, "id-1")
        assert await desk.names() == []
        assert await store.inbox.get(KEY, ["id-1"]) == {"id-1": Request(KEY, "id-1", ORDER)}
        assert await store.inbox.count(KEY, 9) == 1
    assert (await desk.replay(name, Change())).outcome is Outcome.MISSING


@pytest.mark.parametrize("case", CASES)
async def test_letter_of_a_logged_request_makes_no_second_entry(
    store: Store, desk: Desk, case: DeadLetter
) -> None:
    await append(store, [request(KEY, 1)])
    await store.deadletters.put(case)
    result = await desk.replay(case.summary.name, Change())
    assert (result.outcome, result.place) == (Outcome.CREATED, 1)
    assert await store.inbox.count(KEY, 9) == 0
    assert await desk.names() == []


@pytest.mark.parametrize("case", CASES)
async def test_letter_of_a_request_with_other_content_stays(
    store: Store, desk: Desk, case: DeadLetter
) -> None:
    await append(store, [request(KEY, 1, 7)])
    await store.deadletters.put(case)
    result = await desk.replay(case.summary.name, Change())
    assert (result.outcome, result.code) == (Outcome.DEAD, "request-id-reused")
    assert await desk.names() == [case.summary.name]


@pytest.mark.parametrize("case", CASES)
async def test_letter_of_an_erased_request_stays(
    store: Store, desk: Desk, case: DeadLetter
) -> None:
    blank = Answered(Entry(1, "id-1", 1, ERASED), ERASED)
    await store.log.append(KEY, Head(0, None, None), Head(1, None, None), [blank])
    await store.deadletters.put(case)
    result = await desk.replay(case.summary.name, Change())
    assert (result.outcome, result.code) == (Outcome.DEAD, "erased")


@pytest.mark.parametrize(
    ("name", "body"),
    [
        (OF_EVENT, b"{"),
        (OF_EVENT, b""),
        (OF_EVENT, b"\xff"),
        (Name("requests", "0", "abc-def"), EVENT),
        (OF_REQUEST, b'{"x":1}'),
        (OF_REQUEST, b""),
        (Name(FOLD, "C-\x1b", "id-1"), ORDER.encode()),
        (Name(FOLD, KEY, "\x1b[2J"), ORDER.encode()),
    ],
    ids=str,
)
async def test_letter_that_is_still_wrong_stays(
    store: Store, desk: Desk, name: Name, body: bytes
) -> None:
    await store.deadletters.put(letter(name, body))
    assert (await desk.replay(name, Change())).outcome is Outcome.DEAD
    assert await desk.names() == [name]


async def test_letter_that_was_cut_needs_a_body(store: Store, desk: Desk) -> None:
    cut = letter(OF_EVENT, EVENT)
    cut = replace(cut, summary=replace(cut.summary, body_bytes=2_000_000))
    await store.deadletters.put(cut)
    assert (await desk.replay(OF_EVENT, Change())).outcome is Outcome.DEAD
    assert (await desk.replay(OF_EVENT, Change(body=EVENT))).outcome is Outcome.ACCEPTED


@pytest.mark.parametrize(
    ("case", "body"),
    [(letter(OF_EVENT, b"{"), EVENT), (letter(OF_REQUEST, b"{"), ORDER.encode())],
    ids=["event", "request"],
)
async def test_corrected_body_is_the_same_request(
    store: Store, desk: Desk, case: DeadLetter, body: bytes
) -> None:
    await store.deadletters.put(case)
    result = await desk.replay(case.summary.name, Change(body=body))
    assert (result.outcome, result.request_id) == (Outcome.ACCEPTED, "id-1")


async def test_other_request_id_is_another_request(store: Store, desk: Desk) -> None:
    await append(store, [request(KEY, 1, 7)])
    await store.deadletters.put(letter(OF_EVENT, EVENT))
    result = await desk.replay(OF_EVENT, Change(request_id="other"))
    assert (result.outcome, result.request_id) == (Outcome.ACCEPTED, "other")


async def test_letter_of_a_replay_that_failed_again_stays(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = letter(OF_REQUEST, ORDER.encode())
    again = replace(first, summary=replace(first.summary, stored_at=NOON + timedelta(seconds=1)))
    put = store.inbox.put

    async def put_and_fail(requests: Sequence[Request], accepted_at: datetime) -> None:
        await put(requests, accepted_at)
        await store.deadletters.put(again)  # as the app does, which then clears the row
        await store.inbox.remove(KEY, [each.id for each in requests])

    monkeypatch.setattr(store.inbox, "put", put_and_fail)
    await store.deadletters.put(first)
    await Desk(store, DOMAIN).replay(OF_REQUEST, Change())
    assert await store.deadletters.get(OF_REQUEST) == again


async def test_dropped_letter_is_gone(store: Store, desk: Desk) -> None:
    await store.deadletters.put(letter(OF_EVENT, EVENT))
    assert (await desk.drop(OF_EVENT)).outcome is Outcome.DROPPED
    assert (await desk.drop(OF_EVENT)).outcome is Outcome.MISSING
    assert await desk.names() == []


async def test_closed_store_leaves_the_letter(store: Store, desk: Desk) -> None:
    await store.deadletters.put(letter(OF_EVENT, EVENT))
    await store.close()
    with pytest.raises(Unknown):
        await desk.replay(OF_EVENT, Change())
