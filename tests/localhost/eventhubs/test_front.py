"""Event hubs on the host's public port: sending, looking inside, starting by hand."""

import base64
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from localhost.conformance.hosts import StartFailed
from tests.localhost.eventhubs.process import HostProcess, host_process, write_app
from tests.localhost.process import until

BATCH = {"Content-Type": "application/vnd.microsoft.servicebus.json"}


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostProcess]:
    """One host for all tests; each sends with a partition key of its own."""
    app = write_app(tmp_path_factory.mktemp("front") / "app")
    with host_process(app, LOCALHOST_EVENT_HUB_PARTITIONS="3") as running:
        yield running


def _events(host: HostProcess, key: str | None = None) -> list[dict[str, Any]]:
    """Return the events with a partition key."""
    found = []
    for number in range(3):
        path = f"/admin/eventhubs/requests/partitions/{number}/events"
        found += host.get(path, limit=1000)
    return [event for event in found if event["partitionKey"] == key]


def _count(host: HostProcess) -> int:
    partitions = host.get("/admin/eventhubs/requests")["partitions"]
    return sum(partition["lastSequenceNumber"] + 1 for partition in partitions)


def test_an_event_is_kept_with_all_that_was_sent(host: HostProcess) -> None:
    body = bytes(range(256))
    status = host.send(
        body,
        BrokerProperties='{"PartitionKey": "kept", "MessageId": "m-1"}',
        requestId='"r-1"',
        camelCase="5",
        plain="some text",
    )
    assert status == 201
    [event] = _events(host, "kept")
    assert base64.b64decode(event["bodyBase64"]) == body
    assert event["properties"] == {"requestId": "r-1", "camelCase": 5, "plain": "some text"}
    assert event["messageId"] == "m-1"
    assert event["offset"].isdecimal()
    assert event["enqueuedTime"].endswith("Z")


def test_the_answer_is_201_and_empty(host: HostProcess) -> None:
    answer = requests.post(f"{host.base()}/Requests/messages?timeout=60", data=b"x", timeout=30)
    assert (answer.status_code, answer.content) == (201, b"")


def test_a_batch_is_kept_in_its_order(host: HostProcess) -> None:
    items = [
        {"Body": str(number), "UserProperties": {"n": number}, "BrokerProperties": {}}
        for number in range(500)
    ]
    headers = {**BATCH, "BrokerProperties": '{"PartitionKey": "batch"}'}
    assert host.send(json.dumps(items), **headers) == 201
    events = _events(host, "batch")
    assert [event["properties"]["n"] for event in events] == list(range(500))


def test_a_partition_can_be_chosen(host: HostProcess) -> None:
    before = host.get("/admin/eventhubs/requests")["partitions"][1]["lastSequenceNumber"]
    address = f"{host.base()}/requests/partitions/1/messages"
    assert requests.post(address, data=b"x", timeout=30).status_code == 201
    after = host.get("/admin/eventhubs/requests")["partitions"][1]["lastSequenceNumber"]
    assert after == before + 1


def test_a_mebibyte_is_taken_and_a_byte_more_is_not(host: HostProcess) -> None:
    headers = {"BrokerProperties": '{"PartitionKey": "large"}'}
    assert host.send(b"x" * 1_048_576, **headers) == 201
    assert host.send(b"x" * 1_048_577, **headers) == 413
    assert len(_events(host, "large")) == 1


def test_a_chunked_body_is_taken_up_to_the_same_limit(host: HostProcess) -> None:
    headers = {"BrokerProperties": '{"PartitionKey": "chunked"}'}
    address = f"{host.base()}/requests/messages"
    for size, status in ((1024, 201), (1025, 413)):
        pieces = iter([b"x" * 1024] * (size - 1) + [b"x" * (1024 if status == 201 else 1)])
        answer = requests.post(address, data=pieces, headers=headers, timeout=30)
        assert answer.status_code == status
    [event] = _events(host, "chunked")
    assert len(base64.b64decode(event["bodyBase64"])) == 1_048_576


def test_an_empty_body_is_an_event(host: HostProcess) -> None:
    assert host.send(b"", BrokerProperties='{"PartitionKey": "empty"}') == 201
    [event] = _events(host, "empty")
    assert event["bodyBase64"] == ""


@pytest.mark.parametrize(
    ("path", "headers", "body"),
    [
        ("requests/messages", {"BrokerProperties": "{"}, b"x"),
        ("requests/messages", {"BrokerProperties": '{"PartitionKey": 7}'}, b"x"),
        ("requests/messages", BATCH, b"{}"),
        ("requests/messages", BATCH, b'[{"Body": "good"}, {"Body": 1}]'),
        ("requests/partitions/9/messages", {}, b"x"),
        ("requests/partitions/0/messages", {"BrokerProperties": '{"PartitionKey": "7"}'}, b"x"),
    ],
)
def test_what_is_malformed_is_refused_and_leaves_nothing(
    host: HostProcess, path: str, headers: dict[str, str], body: bytes
) -> None:
    before = _count(host)
    answer = requests.post(f"{host.base()}/{path}", data=body, headers=headers, timeout=30)
    assert (answer.status_code, list(answer.json())) == (400, ["Message"])
    assert _count(host) == before


@pytest.mark.parametrize(
    "path", ["/nohub/messages", "/requests", "/requests/partitions/0", "//messages"]
)
def test_unnamed_hub_is_404(host: HostProcess, path: str) -> None:
    assert requests.post(host.base() + path, data=b"x", timeout=30).status_code == 404
    assert requests.get(f"{host.base()}/requests/messages", timeout=30).status_code == 404


def test_the_apps_own_routes_win_below_their_prefix(host: HostProcess) -> None:
    answer = requests.post(f"{host.base()}/api/requests/messages", data=b"x", timeout=30)
    assert answer.text == "the app's own"


def test_the_app_finds_this_host_in_its_connection_setting(host: HostProcess) -> None:
    connection = requests.get(f"{host.base()}/api/connection", timeout=30).text
    assert connection == host.base().replace("localhost", "127.0.0.1")
    with socket.create_connection(("127.0.0.1", urlsplit(connection).port or 0), timeout=5):
        pass


def test_a_connection_setting_of_the_users_own_stays(tmp_path: Path) -> None:
    with host_process(write_app(tmp_path / "app"), EventHubs="Endpoint=sb://x/") as other:
        connection = requests.get(f"{other.base()}/api/connection", timeout=30).text
    assert connection == "Endpoint=sb://x/"


def test_the_hubs_are_those_of_triggers_and_settings(host: HostProcess) -> None:
    hubs = host.get("/admin/eventhubs")
    assert [hub["name"] for hub in hubs] == ["entries", "requests"]
    assert [len(hub["partitions"]) for hub in hubs] == [3, 3]
    assert host.send(b"x", hub="entries") == 201


def test_events_are_read_back_page_by_page(host: HostProcess) -> None:
    assert (
        host.send(
            json.dumps([{"Body": str(number)} for number in range(7)]),
            **BATCH,
            BrokerProperties='{"PartitionKey": "pages"}',
        )
        == 201
    )
    events = _events(host, "pages")
    for number in range(3):
        path = f"/admin/eventhubs/REQUESTS/partitions/{number}/events"
        first = events[0]["sequenceNumber"]
        page = host.get(path, **{"from": first + 2, "limit": 3})
        if [event["partitionKey"] for event in page] == ["pages"] * 3:
            assert page == events[2:5]
            return
    pytest.fail("the events are in no partition")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("nohub", 404),
        ("requests/partitions/3/events", 404),
        ("requests/partitions/0", 404),
        ("requests/partitions/0/events?from=-1", 400),
        ("requests/partitions/0/events?from=x", 400),
        ("requests/partitions/0/events?limit=0", 400),
        ("requests/partitions/0/events?limit=1001", 400),
        ("requests/partitions/0/events?from=99999999999999999999999", 400),
        ("requests/partitions/0/events?from=9223372036854775807", 200),
    ],
)
def test_reading_what_is_not_there(host: HostProcess, path: str, status: int) -> None:
    answer = requests.get(f"{host.base()}/admin/eventhubs/{path}", timeout=30)
    assert answer.status_code == status


def test_a_function_is_started_by_hand(host: HostProcess) -> None:
    before = len(host.seen())
    address = f"{host.base()}/admin/functions/events"
    answer = requests.post(address, json={"input": "by hand ä"}, timeout=30)
    assert (answer.status_code, answer.content) == (202, b"")
    until(lambda: ["by hand ä"] in host.seen()[before:])
    lines = (host.app / "seen.jsonl").read_text().splitlines()
    [line] = [json.loads(text) for text in lines if "by hand" in text]
    assert line["partition"] is None


def test_a_rewind_over_http_delivers_everything_again(host: HostProcess) -> None:
    headers = {"BrokerProperties": '{"PartitionKey": "rewind"}'}
    assert host.send(b"once more", **headers) == 201
    host.wait_until_processed()
    address = f"{host.base()}/admin/eventhubs/requests/checkpoints?consumerGroup=$Default"
    assert requests.delete(address, timeout=30).status_code == 204
    host.wait_until_processed()
    bodies = [body for batch in host.seen() for body in batch]
    assert bodies.count("once more") == 2


def test_statistics_count_what_the_file_did(host: HostProcess) -> None:
    files = host.get("/admin/localhost")["statistics"]["files"]
    assert files["eventhubs.db"]["writes"]["events"] > 0


def test_with_keys_the_master_key_opens_the_hubs(tmp_path: Path) -> None:
    app = write_app(tmp_path / "app")
    with host_process(app, "--enable-auth") as locked:
        keys = json.loads((app / ".data" / "keys.json").read_text())
        assert locked.send(b"x") == 401
        assert locked.send(b"x", **{"x-functions-key": keys["host"]}) == 403
        assert locked.send(b"x", **{"x-functions-key": keys["master"]}) == 201
        assert (
            requests.get(f"{locked.base()}/admin/eventhubs/requests", timeout=30).status_code == 401
        )
        connection = requests.get(f"{locked.base()}/api/connection", timeout=30).text
        assert urlsplit(connection).password == keys["master"]
        address = f"{connection}/requests/messages"
        assert requests.post(address, data=b"x", timeout=30).status_code == 201
        wrong = ("", "wrong")
        address = f"{locked.base()}/requests/messages"
        assert requests.post(address, data=b"x", auth=wrong, timeout=30).status_code == 401


def test_a_newer_file_stops_the_start_with_a_clear_error(tmp_path: Path) -> None:
    import sqlite3

    app = write_app(tmp_path / "app")
    with host_process(app):
        pass
    connection = sqlite3.connect(app / ".data" / "eventhubs.db")
    connection.execute("PRAGMA user_version = 9")
    connection.close()
    with pytest.raises(StartFailed, match=r"localhost: error: .*format 9"), host_process(app):
        pass


def test_an_app_without_event_hubs_has_no_file_for_them(tmp_path: Path) -> None:
    app = write_app(tmp_path / "app")
    source = "import azure.functions as func\napp = func.FunctionApp()\n"
    (app / "function_app.py").write_text(
        source + "@app.route('x')\ndef x(req: func.HttpRequest) -> str:\n    return ''\n"
    )
    with host_process(app, LOCALHOST_EVENT_HUB_NAMES="") as plain:
        assert plain.send(b"x") == 404
        answer = requests.get(f"{plain.base()}/admin/eventhubs", timeout=30)
        assert answer.status_code == 404
    assert not (app / ".data" / "eventhubs.db").exists()
