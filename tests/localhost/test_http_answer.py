import pytest

from localhost.http_answer import NoAnswer, answer_of
from localhost.rpc.messages import RpcHttp, TypedData


@pytest.mark.parametrize(
    ("text", "body"),
    [
        ("plain", b"plain"),
        ('{"a": 1}', b'{\n  "a": 1\n}'),
        ('"q"', b"q"),
        ("null", b""),
        ('{"body": {"a": 1}}', b'{"a":1}'),
    ],
)
def test_returned_text_is_read_as_json(text: str, body: bytes) -> None:
    answer = answer_of(TypedData(string=text))
    assert (answer.status, answer.body) == (200, body)
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"


def test_object_with_a_body_is_a_response() -> None:
    text = '{"BODY": "b", "statusCode": "201", "headers": {"X-A": "c"}}'
    answer = answer_of(TypedData(string=text))
    assert (answer.status, answer.body, answer.headers["X-A"]) == (201, b"b", "c")


@pytest.mark.parametrize(
    ("name", "value"), [("X-A", "é"), ("X-A", "a\nb"), ("X A", "b"), ("", "b")]
)
def test_header_that_cannot_be_sent_is_an_error(name: str, value: str) -> None:
    with pytest.raises(NoAnswer):
        answer_of(TypedData(http=RpcHttp(status_code="200", headers={name: value})))


@pytest.mark.parametrize("returned", [None, TypedData(), TypedData(json="{}")])
def test_result_that_is_not_a_response_is_an_error(returned: TypedData | None) -> None:
    with pytest.raises(NoAnswer):
        answer_of(returned)
