"""Requests to Table Storage and its answers, as bytes."""

import json
import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from azure.core.rest import HttpRequest

from store.tables import answers, requests
from store.tables.answers import Answer, Refused
from tests.store.examples import TEXTS

ACCOUNT = "https://a.table.core.windows.net"
ROW = {"PartitionKey": "7", "RowKey": "t1", "text": "é", "n": 1}


def content(request: HttpRequest) -> bytes:
    body = request.content
    assert isinstance(body, bytes)
    return body


def test_one_operation_is_a_plain_request() -> None:
    request = requests.single(ACCOUNT, "things", requests.insert(ROW))
    assert (request.method, request.url) == ("POST", f"{ACCOUNT}/things")
    assert request.headers["Prefer"] == "return-no-content"
    assert json.loads(content(request)) == ROW
    request = requests.single(ACCOUNT, "things", requests.replace(ROW, 'W/"1"'))
    assert request.url == f"{ACCOUNT}/things(PartitionKey='7',RowKey='t1')"
    assert (request.method, request.headers["If-Match"]) == ("PUT", 'W/"1"')
    assert "If-Match" not in requests.single(ACCOUNT, "things", requests.upsert(ROW)).headers
    request = requests.single(ACCOUNT, "things", requests.delete("7", "t1"))
    assert (request.method, request.headers["If-Match"]) == ("DELETE", "*")
    assert not request.content


def test_transaction_has_a_part_for_each_operation() -> None:
    operations = [requests.insert(ROW), requests.replace(ROW, "e"), requests.delete("7", "t2")]
    request = requests.transaction(ACCOUNT, "things", operations)
    assert request.url == f"{ACCOUNT}/$batch"
    batch = request.headers["Content-Type"].partition("boundary=")[2]
    body = content(request).decode()
    changes = re.findall(r"boundary=(changeset_\w+)", body)[0]
    before, *parts, end = body.split(f"--{changes}")
    assert before.startswith(f"--{batch}\r\n")
    assert end == f"--\r\n--{batch}--\r\n"
    lines = [
        re.findall(r"^(?:POST|PUT|DELETE) \S+ HTTP/1.1\r$", part, re.MULTILINE) for part in parts
    ]
    assert lines == [
        [f"POST {ACCOUNT}/things HTTP/1.1\r"],
        [f"PUT {ACCOUNT}/things(PartitionKey='7',RowKey='t1') HTTP/1.1\r"],
        [f"DELETE {ACCOUNT}/things(PartitionKey='7',RowKey='t2') HTTP/1.1\r"],
    ]
    assert json.loads(parts[0].partition("\r\n\r\n")[2].partition("\r\n\r\n")[2]) == ROW
    assert "\r\nIf-Match: e\r\n" in parts[1]


def test_operations_on_several_partitions_are_no_transaction() -> None:
    others = [requests.insert(ROW), requests.insert(ROW | {"PartitionKey": "8"})]
    with pytest.raises(AssertionError):
        requests.transaction(ACCOUNT, "things", others)


@pytest.mark.parametrize("key", ["", "a/b", "a'b", "a b", "é", "a%b", "x" * 256])
def test_key_that_an_address_would_have_to_escape_is_refused(key: str) -> None:
    with pytest.raises(AssertionError):
        requests.address("things", "7", key)


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_row_is_one_line_of_json(text: str) -> None:
    body = requests.encode({"text": text})
    assert len(body.decode().splitlines()) == 1 or "\x85" in text  # of strings, not of HTTP
    assert not set(body) & {10, 13}
    assert json.loads(body) == {"text": text}


VALUES: dict[str, Any] = {
    "text": "é'\"\n",
    "small": -5,
    "large": 2**31,
    "larger": -(2**62),
    "yes": True,
    "no": False,
    "at": datetime(2026, 5, 4, 12, 0, 0, 123456, tzinfo=UTC),
    "on the second": datetime(2026, 5, 4, 12, tzinfo=UTC),
    "elsewhere": datetime(2026, 5, 4, 12, tzinfo=timezone(timedelta(hours=2))),
    "bytes": bytes(range(256)),
}


def test_value_of_each_type_comes_back() -> None:
    assert answers.row_of(requests.encode(VALUES)) == VALUES


def test_times_of_the_service_have_seven_digits() -> None:
    body = b'{"at@odata.type":"Edm.DateTime","at":"2026-05-04T12:00:00.1234567Z"}'
    assert answers.row_of(body) == {"at": datetime(2026, 5, 4, 12, 0, 0, 123456, tzinfo=UTC)}


def test_column_that_cannot_be_read_hides_no_other() -> None:
    body = b'{"at@odata.type":"Edm.DateTime","at":"never","n":1}'
    assert answers.row_of(body) == {"at": "never", "n": 1}


def test_values_in_a_filter_are_quoted() -> None:
    where = requests.condition(
        "a eq @text and b lt @at and c ge @n",
        {"text": "it's @n", "at": VALUES["at"], "n": 1},
    )
    expected = "a eq 'it''s @n' and b lt datetime'2026-05-04T12:00:00.123456Z' and c ge 1"
    assert where == expected
    request = requests.query(ACCOUNT, "things", {"$filter": where, "$top": "5"})
    assert " " not in request.url
    assert "'" not in request.url
    assert "$filter=" in request.url


PARTS = (
    "--batchresponse_1\r\nContent-Type: multipart/mixed; boundary=changesetresponse_2\r\n\r\n"
    "{parts}--changesetresponse_2--\r\n--batchresponse_1--\r\n"
)
PART = (
    "--changesetresponse_2\r\nContent-Type: application/http\r\n"
    "Content-Transfer-Encoding: binary\r\n\r\nHTTP/1.1 {status}\r\n{headers}\r\n{body}\r\n"
)


def whole(*parts: str) -> Answer:
    return Answer(202, None, PARTS.format(parts="".join(parts)).encode())


def done(etag: str) -> str:
    return PART.format(status="204 No Content", headers=f"ETag: {etag}\r\n", body="")


def failed(status: str, code: str, message: str) -> str:
    error = {"odata.error": {"code": code, "message": {"lang": "en-US", "value": message}}}
    kind = "Content-Type: application/json\r\n"
    return PART.format(status=status, headers=kind, body=json.dumps(error))


def test_each_part_says_its_etag() -> None:
    found = answers.parts_of(whole(done('W/"1"'), done('W/"2"')), 2)
    assert [(each.status, each.etag) for each in found] == [(204, 'W/"1"'), (204, 'W/"2"')]


@pytest.mark.parametrize(("message", "index"), [("3:Because.\nRequestId:1", 3), ("Because.", 0)])
def test_part_that_failed_says_which_and_why(message: str, index: int) -> None:
    with pytest.raises(Refused) as failure:
        answers.parts_of(whole(failed("409 Conflict", "EntityAlreadyExists", message)), 5)
    refused = failure.value
    assert (refused.status, refused.code) == (409, "EntityAlreadyExists")
    assert refused.index == index


def test_fewer_parts_than_operations_say_nothing() -> None:
    for count in 0, 1, 3:
        with pytest.raises(ValueError, match="answers to"):
            answers.parts_of(whole(*[done("e")] * count), 2)


@pytest.mark.parametrize(
    "body",
    [b"<?xml?><m:error><m:code>ServerBusy</m:code></m:error>", b"<Error><Code>ServerBusy</Code>"],
)
def test_error_in_xml_is_read_too(body: bytes) -> None:
    assert answers.refusal(Answer(503, None, body)).code == "ServerBusy"


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b'{"odata.error": 1}', b"\xff"])
def test_error_without_a_body_has_the_code_of_the_header(body: bytes) -> None:
    assert answers.refusal(Answer(503, None, body, "ServerBusy")).code == "ServerBusy"
    assert answers.refusal(Answer(503, None, body)).code == "None"
