"""What the recorded set `http/echo` does not show of a head."""

import pytest

from localhost.http_head import HEADERS_MAX, Refused, parse_head


def head(*lines: str, first: str = "GET /a HTTP/1.1", host: str = "Host: h") -> bytes:
    return "\r\n".join([first, host, *lines, "", ""]).encode("latin-1")


@pytest.mark.parametrize(
    ("first", "line", "status"),
    [("GET * HTTP/1.1", "A: b", 405), ("GET /a HTTP/1.1", "A : b", 400)],
)
def test_head_that_kestrel_refuses(first: str, line: str, status: int) -> None:
    with pytest.raises(Refused) as raised:
        parse_head(head(line, first=first))
    assert raised.value.status == status


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
