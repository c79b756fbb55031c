import pytest

from localhost.http_head import Refused
from localhost.http_target import decode_path, parse_query, url_of


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
def test_path_is_decoded_as_kestrel_does(raw: str, decoded: str) -> None:
    assert decode_path(raw) == decoded


def test_path_with_a_nul_is_refused() -> None:
    with pytest.raises(Refused):
        decode_path("/api/%00")


@pytest.mark.parametrize(
    ("path", "query", "shown"),
    [
        ("/a b/é", "", "http://h/a%20b/%C3%A9"),
        ("/a%2Fb/%C3(", "", "http://h/a%2Fb/%C3("),
        ("/{x}/%", "", "http://h/%7Bx%7D/%25"),
        ("/a", "b=1#2", "http://h/a?b=1%232"),
    ],
)
def test_url_is_encoded_again(path: str, query: str, shown: str) -> None:
    assert url_of("h", path, query) == shown


@pytest.mark.parametrize(
    ("query", "values"),
    [
        ("x=1&x=2&y=3", {"x": "1,2", "y": "3"}),
        ("x=&flag&y=1", {"y": "1"}),
        ("x=&x=1", {"x": "1"}),
        ("Name=a&name=b", {"name": "a,b"}),
        ("a=b+c%20d%2B", {"a": "b c d+"}),
        ("a=%FF", {"a": "%FF"}),
    ],
)
def test_query_values_are_joined_and_empty_ones_dropped(query: str, values: dict[str, str]) -> None:
    assert parse_query(query) == values
