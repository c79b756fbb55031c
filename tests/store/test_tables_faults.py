"""Table Storage that fails, before it did what it was asked for and after."""

from collections.abc import Awaitable, Callable

import pytest

from store.ports.records import NO_HEAD, Conflict, StoreError, Unknown
from store.tables import client, connection
from store.tables.connection import Connection
from store.tables.store import TableStore
from tests.store.examples import NOON, append, some_requests
from tests.store.faulty_proxy import (
    CUT_ANSWER,
    LOSE_ANSWER,
    LOSE_REQUEST,
    NEVER_ANSWER,
    PASS,
    Fault,
    FaultyProxy,
    answering,
    refusing,
)

pytestmark = [pytest.mark.azurite, pytest.mark.usefixtures("tables")]

Call = Callable[[], Awaitable[object]]

REQUESTS = some_requests("7", range(3))
IDS = [each.id for each in REQUESTS]

PARTS = b"--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c--\r\n--b--\r\n"
PART = b"--c\r\nContent-Type: application/http\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n\r\n--c--"


def accepted(body: bytes) -> Fault:
    return answering("202 Accepted", body, "multipart/mixed; boundary=b")


UNCLEAR_ANSWERS = {
    "500": refusing("500 Internal Server Error", "InternalError"),
    "503 busy": refusing("503 Service Unavailable", "ServerBusy"),
    "503 without a word": answering("503 Service Unavailable"),
    "429": refusing("429 Too Many Requests", "TooManyRequests"),
    "403": refusing("403 Forbidden", "AuthenticationFailed"),
    "401": answering("401 Unauthorized"),
    "400": refusing("400 Bad Request", "InvalidInput"),
    "404 of no table": answering("404 Not Found", b"<html>no such page", "text/html"),
    "409 of no row": refusing("409 Conflict", "AccountBeingCreated"),
    "413": answering("413 Request Entity Too Large"),
    "a redirect": answering("302 Found"),
    "a page": answering("200 OK", b"<html>sign in, please", "text/html"),
    "nothing": answering("200 OK"),
    "accepted, without parts": accepted(PARTS),
    "accepted, no multipart": answering("202 Accepted", b"{}"),
    "accepted, broken off": accepted(PARTS[:60]),
    "accepted, two parts": accepted(PARTS.replace(b"--c--", PART[:-5] + PART)),
    "accepted, not HTTP": accepted(PARTS.replace(b"--c--", PART.replace(b"HTTP", b"XXXX"))),
    "packed, broken": Fault(
        forward=False,
        answer=b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n"
        b"Content-Length: 5\r\n\r\n12345",
    ),
    "no HTTP": Fault(forward=False, answer=b"SSH-2.0-OpenSSH_9.6\r\n"),
}


async def outcome_of(call: Call) -> object:
    try:
        return await call()
    except StoreError as error:
        return error


@pytest.fixture
async def tables(direct: TableStore) -> None:
    """Tables that are there, so that each call is one request."""
    assert await direct.check() == {}


@pytest.mark.parametrize("fault", [LOSE_ANSWER, CUT_ANSWER], ids=["lost", "cut"])
async def test_put_whose_answer_is_lost_is_unknown_and_happened(
    direct: TableStore, proxy: FaultyProxy, proxied: TableStore, fault: Fault
) -> None:
    proxy.faults.append(fault)
    with pytest.raises(Unknown) as failure:
        await proxied.inbox.put(REQUESTS, NOON)
    assert failure.value.__cause__ is not None
    assert len(await direct.inbox.get("7", IDS)) == 3
    assert len(proxy.requests) == 1


async def test_put_that_got_lost_is_unknown_and_did_not_happen(
    direct: TableStore, proxy: FaultyProxy, proxied: TableStore
) -> None:
    proxy.faults.append(LOSE_REQUEST)
    with pytest.raises(Unknown):
        await proxied.inbox.put(REQUESTS, NOON)
    assert await direct.inbox.count("7", 10) == 0
    assert len(proxy.requests) == 1


@pytest.mark.parametrize("existing", [0, 2])
@pytest.mark.parametrize("fault", [LOSE_ANSWER, CUT_ANSWER], ids=["lost", "cut"])
async def test_append_whose_answer_is_lost_is_unknown_and_happened(
    direct: TableStore, proxy: FaultyProxy, proxied: TableStore, existing: int, fault: Fault
) -> None:
    if existing:
        await append(direct.log, some_requests("7", ["a", "b"]))
    head = await proxied.log.head("7")
    proxy.faults.append(fault)
    with pytest.raises(Unknown):
        await append(proxied.log, REQUESTS, head)
    assert len(proxy.requests) == 2
    # Who looks now sees all of it, and who does not look cannot write it twice.
    assert set(await proxied.log.find("7", IDS)) == set(IDS)
    assert (await proxied.log.head("7")).place == existing + 3
    with pytest.raises(Conflict):
        await append(proxied.log, REQUESTS, head)
    assert len(await direct.log.read("7", 0, 100)) == existing + 3


async def test_append_that_got_lost_is_unknown_and_did_not_happen(
    direct: TableStore, proxy: FaultyProxy, proxied: TableStore
) -> None:
    proxy.faults.append(LOSE_REQUEST)
    with pytest.raises(Unknown):
        await append(proxied.log, REQUESTS, NO_HEAD)
    assert await direct.log.find("7", IDS) == {}
    assert await direct.log.head("7") == NO_HEAD
    await append(proxied.log, REQUESTS, NO_HEAD)


async def test_removal_whose_answer_is_lost_can_be_repeated(
    direct: TableStore, proxy: FaultyProxy, proxied: TableStore
) -> None:
    await direct.inbox.put(REQUESTS, NOON)
    proxy.faults.append(LOSE_ANSWER)
    with pytest.raises(Unknown):
        await proxied.inbox.remove("7", IDS)
    assert await direct.inbox.count("7", 10) == 0
    await proxied.inbox.remove("7", IDS)


@pytest.mark.parametrize("fault", UNCLEAR_ANSWERS.values(), ids=UNCLEAR_ANSWERS)
async def test_answer_that_says_nothing_is_unknown_to_every_call(
    proxy: FaultyProxy, proxied: TableStore, fault: Fault
) -> None:
    proxy.otherwise = fault
    calls: dict[str, Call] = {
        "put": lambda: proxied.inbox.put(REQUESTS, NOON),
        "append": lambda: append(proxied.log, REQUESTS, NO_HEAD),
        "remove": lambda: proxied.inbox.remove("7", IDS),
        "remove one": lambda: proxied.inbox.remove("7", IDS[:1]),
        "inbox get": lambda: proxied.inbox.get("7", IDS),
        "count": lambda: proxied.inbox.count("7", 10),
        "overdue": lambda: anext(proxied.inbox.overdue(NOON)),
        "head": lambda: proxied.log.head("7"),
        "find": lambda: proxied.log.find("7", IDS[:1]),
        "get": lambda: proxied.log.get("7", 1),
        "read": lambda: proxied.log.read("7", 0, 10),
    }
    for name, call in calls.items():
        before = len(proxy.requests)
        assert isinstance(await outcome_of(call), Unknown), name
        if name in {"put", "append", "remove"}:
            assert len(proxy.requests) == before + 1


async def test_read_survives_a_lost_answer(
    direct: TableStore, proxy: FaultyProxy, proxied: TableStore
) -> None:
    await append(direct.log, REQUESTS)
    proxy.faults += [LOSE_ANSWER, LOSE_REQUEST]
    assert (await proxied.log.head("7")).place == 3
    proxy.faults += [refusing("503 Service Unavailable", "ServerBusy")]
    assert len(await proxied.log.read("7", 0, 10)) == 3


async def test_one_failure_among_many_reads_is_the_failure_of_all(
    proxy: FaultyProxy, proxied: TableStore
) -> None:
    denied = refusing("403 Forbidden", "AuthenticationFailed")
    proxy.faults += [*[PASS] * 20, denied]
    with pytest.raises(Unknown, match="403 AuthenticationFailed"):
        await proxied.log.find("7", [f"id {number}" for number in range(100)])
    assert await proxied.log.find("7", IDS) == {}


async def test_store_that_never_answers_is_not_waited_for(
    proxy: FaultyProxy, proxied: TableStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "CALL_SECONDS_MAX", 2.0)
    proxy.otherwise = NEVER_ANSWER
    with pytest.raises(Unknown, match="no answer within"):
        await proxied.inbox.put(REQUESTS, NOON)
    with pytest.raises(Unknown, match="no answer within"):
        await proxied.log.find("7", IDS)
    proxy.otherwise = PASS
    assert len(await proxied.inbox.get("7", IDS)) == 3


async def test_unreachable_account_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "RETRY_PAUSE_SECONDS", 0)
    unused = "AccountName=a;AccountKey=a2V5;TableEndpoint=http://127.0.0.1:1/a"
    nobody = TableStore(Connection.read({"EO_TABLES": unused}).open(), "things")
    with pytest.raises(Unknown, match="Cannot connect"):
        await nobody.inbox.put(REQUESTS, NOON)
    with pytest.raises(Unknown, match="Cannot connect"):
        await nobody.log.head("7")
    assert set(await nobody.check()) == {"inbox", "log", "publications"}
    await nobody.close()


async def test_check_names_the_part_that_fails_and_no_address(
    proxy: FaultyProxy, proxied: TableStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("store.tables.store.CHECK_SECONDS_MAX", 0.3)
    proxy.only, proxy.otherwise = b"/things(", refusing("403 Forbidden", "AuthenticationFailed")
    assert await proxied.check() == {"log": "403 AuthenticationFailed"}
    proxy.only, proxy.otherwise = b"/thingspublications", refusing("403 Forbidden", "Denied")
    assert await proxied.check() == {"publications": "403 Denied"}
    proxy.only, proxy.otherwise = b"/thingsinbox", NEVER_ANSWER
    assert await proxied.check() == {"inbox": "no answer within 0.3 s"}
    proxy.otherwise = PASS
    assert await proxied.check() == {}


async def test_check_tries_a_write_that_a_reader_may_not_do(
    proxy: FaultyProxy, proxied: TableStore
) -> None:
    # *Storage Table Data Reader* in place of *Contributor*.
    proxy.only = b"PUT "
    proxy.otherwise = refusing("403 Forbidden", "AuthorizationPermissionMismatch")
    refused = "403 AuthorizationPermissionMismatch"
    assert await proxied.check() == dict.fromkeys(("inbox", "log", "publications"), refused)
