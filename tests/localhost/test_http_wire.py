import azure.functions as func
import pytest

from localhost.http_wire import BadRequest, decode_path, http_response, parse_query


@pytest.mark.parametrize(
    ("raw", "decoded"),
    [
        ("/api/a%20b", "/api/a b"),
        ("/api/a+b", "/api/a+b"),
        ("/api/a%2Fb%2fc", "/api/a%2Fb%2fc"),
        ("/api/%C3%A9", "/api/é"),
        ("/api/%C3%2F", "/api/%C3%2F"),
        ("/api/%FF%41", "/api/%FFA"),
        ("/api/%zz", "/api/%zz"),
        ("/api/%2e%2e/x", "/x"),
        ("/api/./a/../b", "/api/b"),
        ("/../../x", "/x"),
        ("/a/..", "/"),
        ("/a/b/.", "/a/b/"),
        ("/a/.hidden", "/a/.hidden"),
    ],
)
def test_a_path_is_decoded_as_kestrel_does(raw: str, decoded: str) -> None:
    assert decode_path(raw) == decoded


@pytest.mark.parametrize("raw", ["/api/%00", "/api/é"])
def test_a_path_that_kestrel_refuses_is_a_bad_request(raw: str) -> None:
    with pytest.raises(BadRequest):
        decode_path(raw)


@pytest.mark.parametrize(
    ("query", "values"),
    [
        ("x=1&x=2&y=3", {"x": "1,2", "y": "3"}),
        ("x=&flag&y=1", {"y": "1"}),
        ("x=&x=1", {"x": ",1"}),
        ("Name=a&name=b", {"Name": "a,b"}),
        ("a=b+c%20d%2B", {"a": "b c d+"}),
        ("a=%FF", {"a": "\ufffd"}),
    ],
)
def test_query_values_are_joined_and_empty_ones_dropped(query: str, values: dict[str, str]) -> None:
    assert parse_query(query) == values


def test_a_text_answer_says_its_charset_and_json_does_not() -> None:
    plain = http_response(func.HttpResponse("x"), {})
    json = http_response(func.HttpResponse("{}", mimetype="application/json"), {})
    assert plain.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert json.headers["Content-Type"] == "application/json"


def test_cookies_are_separate_headers() -> None:
    answer = func.HttpResponse("x")
    answer.headers.add("Set-Cookie", "a=1; Path=/; HttpOnly")
    answer.headers.add("Set-Cookie", "b=2")
    sent = http_response(answer, {}).headers.getall("Set-Cookie")
    assert sent == ["a=1; HttpOnly; Path=/", "b=2"]


def test_the_connections_own_headers_are_not_the_apps() -> None:
    headers = {"Content-Length": "999", "Transfer-Encoding": "chunked", "X-Mine": "1"}
    sent = http_response(func.HttpResponse("abc", headers=headers), {}).headers
    assert sent["X-Mine"] == "1"
    assert "Transfer-Encoding" not in sent
    assert sent.get("Content-Length") != "999"


def test_nothing_returned_is_an_empty_200() -> None:
    answer = http_response(None, {"X-All": "1"})
    assert (answer.status, answer.body, answer.headers["X-All"]) == (200, None, "1")


@pytest.mark.parametrize("value", [{"a": 1}, b"bytes", 5])
def test_anything_else_cannot_be_encoded(value: object) -> None:
    with pytest.raises(NotImplementedError):
        http_response(value, {})


def test_a_header_with_a_line_break_is_refused() -> None:
    answer = func.HttpResponse("x")
    answer.headers._list.append(("X-Bad", "a\r\nX-Injected: 1"))
    with pytest.raises(ValueError, match="line break"):
        http_response(answer, {})
