from collections.abc import Iterable

import pytest

from localhost.http_head import HEADERS_MAX, Refused, head_length, parse_head


def head(*lines: str, first: str = "GET /a HTTP/1.1", host: str = "Host: h") -> bytes:
    return "\r\n".join([first, host, *lines, "", ""]).encode("latin-1")


def refused(data: bytes) -> int:
    with pytest.raises(Refused) as raised:
        parse_head(data[: head_length(data)])
    return raised.value.status


@pytest.mark.parametrize(
    ("first", "status"),
    [
        ("GET /a", 505),
        ("GET /a HTTP/2.0", 505),
        ("GET /a HTTP/1", 400),
        ("GET  /a HTTP/1.1", 400),
        ("G(T /a HTTP/1.1", 400),
        ("GET http://other/a HTTP/1.1", 400),
        ("GET * HTTP/1.1", 405),
        (f"GET /{'a' * 9_000} HTTP/1.1", 414),
    ],
)
def test_request_line_that_kestrel_refuses(first: str, status: int) -> None:
    assert refused(head(first=first)) == status


@pytest.mark.parametrize(
    "lines",
    [
        ["A : b"],
        ["A"],
        [": b"],
        ["A: b", " c"],
        ["A: \0"],
        ["A: \u00e9"],
        ["Host: again"],
        ["Content-Length: -1"],
        ["Content-Length: 3", "Content-Length: 4"],
        ["Transfer-Encoding: identity"],
    ],
)
def test_header_that_kestrel_refuses_is_400(lines: Iterable[str]) -> None:
    assert refused(head(*lines)) == 400


def test_too_many_or_too_long_headers_are_431() -> None:
    assert refused(head(*(f"X-{number}: a" for number in range(HEADERS_MAX)))) == 431
    assert refused(head("X: " + "a" * 33_000)) == 431


def test_any_token_is_a_method_and_bare_line_feeds_end_lines() -> None:
    parsed = parse_head(b"x-Y /a?b HTTP/1.1\nHost: h\nA: b\n\n")
    assert (parsed.method, parsed.target, parsed.headers["a"]) == ("x-Y", "/a?b", "b")


def test_length_beside_chunks_arrives_under_another_name() -> None:
    parsed = parse_head(head("Transfer-Encoding: chunked", "Content-Length: 3"))
    assert parsed.is_chunked
    assert parsed.wants_close
    assert parsed.headers["X-Content-Length"] == "3"


@pytest.mark.parametrize(
    "lines",
    [
        [],
        ["Content-Length: 3"],
        ["x-a: b: c", "X-A: d  e", "Connection: close"],
        ["Transfer-Encoding: chunked", "Content-Length: 3"],
        ["A:b"],
        ["A:  b "],
        ["A: "],
        ["A: b\tc"],
        [f"X-{number}: a" for number in range(HEADERS_MAX - 1)],
    ],
)
def test_head_means_the_same_with_bare_line_feeds(lines: list[str]) -> None:
    data = head(*lines, first="POST /a?b=%20c HTTP/1.1", host="Host: h:1")
    plain, odd = parse_head(data), parse_head(data.replace(b"\r\n", b"\n"))
    assert plain == odd
    assert list(plain.headers.items()) == list(odd.headers.items())


@pytest.mark.parametrize(
    ("first", "line"),
    [
        ("GET /a\tb HTTP/1.0", "A: b"),
        ("GET /\u00e9 HTTP/1.1", "A: b"),
        ("GET /a HTTP/1.1 ", "A: b"),
        ("GET /a HTTP/1.1", "A: \x7f"),
        ("GET /a HTTP/1.1", "A b: c"),
        ("GET /a HTTP/1.1", "A: b\rc"),
    ],
)
def test_odd_head_is_refused_or_read_as_without_crs(first: str, line: str) -> None:
    def read(data: bytes) -> object:
        try:
            return parse_head(data)
        except Refused as refused:
            return refused.status

    data = head(line, first=first)
    assert read(data) == read(data.replace(b"\r\n", b"\n"))
