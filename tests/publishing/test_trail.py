"""The trail of a cursor: short, and never far behind."""

from hypothesis import given
from hypothesis import strategies as st

from publishing.trail import (
    RECENT,
    Trail,
    agrees,
    decode_trail,
    encode_trail,
    extended,
    fingerprint,
    is_of,
)
from store.ports.records import ERASED, Entry


def entry(place: int, request_id: str = "", output: str = "{}") -> Entry:
    return Entry(place, request_id or f"r{place}", 1, output)


def trail_of(places: int) -> Trail:
    trail: Trail = ()
    for place in range(1, places + 1):
        trail = extended(trail, entry(place))
    return trail


@given(st.integers(1, 5_000))
def test_trail_is_short_and_ends_with_the_last_place(places: int) -> None:
    trail = trail_of(places)
    assert trail[-1] == (places, fingerprint(entry(places)))
    assert len(trail) <= 4 * places.bit_length()
    assert len(encode_trail(trail)) <= 4_000


@given(st.integers(2, 3_000), st.data())
def test_at_most_about_twice_what_was_lost_is_repeated(places: int, data: st.DataObject) -> None:
    lost = data.draw(st.integers(1, places - 1))
    kept = [place for place, _ in trail_of(places) if place <= places - lost]
    back = places - max(kept, default=0)
    assert back <= 2 * lost + 1


def test_trail_survives_json() -> None:
    assert decode_trail(encode_trail(trail_of(77))) == trail_of(77)
    assert decode_trail("") == ()


@given(st.integers(RECENT + 1, 200))
def test_last_places_are_all_in_the_trail(places: int) -> None:
    recent = {place for place, _ in trail_of(places)}
    assert recent >= set(range(places - RECENT, places + 1))


def test_erased_entry_is_still_the_one_that_was_sent() -> None:
    mark = fingerprint(entry(3))
    assert is_of(mark, entry(3, output=ERASED))
    assert not is_of(mark, entry(3, "other", ERASED))
    assert not is_of(mark, entry(3, output='{"id":3}'))


def test_trail_of_other_entries_does_not_agree() -> None:
    trail = trail_of(5)
    assert agrees(trail, [entry(place) for place in (2, 3, 4, 5)])
    assert not agrees(trail, [entry(2), entry(3), entry(4, "other"), entry(5)])
    assert not agrees(trail, [])
