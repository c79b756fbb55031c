"""What the header `Prefer` makes of a request: never its failure."""

import pytest

from triggers.http.preferences import Preferences, parse_preferences


@pytest.mark.parametrize(
    ("header", "wait_seconds", "applied"),
    [
        (None, 5, None),
        ("", 5, None),
        ("respond-async", 0, "respond-async"),
        ("Respond-Async", 0, "respond-async"),
        ("wait=0", 0, "wait=0"),
        ("wait=30", 30, "wait=30"),
        ("WAIT = 7", 7, "wait=7"),
        ('wait="7"', 7, "wait=7"),
        ("wait=05", 5, "wait=5"),
        ("respond-async, wait=10", 10, "respond-async, wait=10"),
        ("wait=10,respond-async", 10, "respond-async, wait=10"),
        ("wait=3, wait=9", 3, "wait=3"),
        ("wait=3; foo=bar", 3, "wait=3"),
        ("respond-async; foo", 0, "respond-async"),
        ("return=minimal, handling=lenient", 5, None),
        ('x="wait=99, respond-async"', 5, None),
        (", ,", 5, None),
        ("waiting=99", 5, None),
    ],
)
def test_preferences_are_read_as_the_rfc_writes_them(
    header: str | None, wait_seconds: int, applied: str | None
) -> None:
    preferences = parse_preferences(header)
    assert preferences.wait_seconds == wait_seconds
    assert preferences.applied(accepted_only=True) == applied


@pytest.mark.parametrize("header", ["wait=31", "wait=60", "wait=" + "9" * 9_999])
def test_a_longer_wait_is_as_long_as_can_be(header: str) -> None:
    preferences = parse_preferences(header)
    assert preferences.wait_seconds == 30
    assert preferences.applied(accepted_only=False) == "wait=30"


@pytest.mark.parametrize(
    "header",
    ["wait", "wait=", "wait=-1", "wait=1.5", "wait=5s", "wait=x", "wait=\u0665", "wait=x, wait=3"],
)
def test_a_malformed_wait_is_ignored(header: str) -> None:
    assert parse_preferences(header) == parse_preferences(None)
    both = parse_preferences(f"respond-async, {header}")
    assert (both.wait_seconds, both.applied(accepted_only=True)) == (0, "respond-async")


def test_an_answer_with_the_entry_was_not_asynchronous() -> None:
    both = Preferences(wait_seconds=10, respond_async=True, wait_named=True)
    assert both.applied(accepted_only=False) == "wait=10"
    alone = Preferences(wait_seconds=0, respond_async=True, wait_named=False)
    assert alone.applied(accepted_only=False) is None
