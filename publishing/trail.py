"""How a publisher notices that a log has lost its tail, and how far back it has to go.

After a forced fail-over of the account the log may end earlier than what was published, and its
places are given out again. In a busy key it has grown past the cursor before anybody looks, so the
place alone tells nothing. The cursor therefore remembers whose entries it has seen: the last one,
and ever fewer of those before, so that at most about twice what was lost is published again.
"""

import hashlib
import json
from collections.abc import Sequence
from typing import Final

from store.ports.records import ERASED, Entry

HALF_CHARACTERS: Final = 8
"""Of a SHA-256 in hexadecimal: enough to tell two request ids, or two outputs, of one place apart."""

Trail = Sequence[tuple[int, str]]
"""Places and fingerprints of their entries, the latest last."""

RECENT: Final = 3
"""Places before the last one of which the trail leaves out none."""


def fingerprint(entry: Entry) -> str:
    """Return a short text that stands for an entry.

    The request id alone would not do: after a fail-over somebody may use it for other content.
    """
    return _half(entry.request_id) + _half(entry.output)


def is_of(mark: str, entry: Entry) -> bool:
    """Whether a fingerprint stands for this entry, or for what it was before it was erased."""
    if entry.output == ERASED:
        return mark.startswith(_half(entry.request_id))
    return mark == fingerprint(entry)


def agrees(trail: Trail, entries: Sequence[Entry]) -> bool:
    """Whether the entries are those that the end of the trail stands for."""
    marks = dict(trail)
    known = [each for each in entries if each.place in marks]
    return bool(known) and all(is_of(marks[each.place], each) for each in known)


def _half(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:HALF_CHARACTERS]


def extended(trail: Trail, entry: Entry) -> Trail:
    """Return the trail with the next place, thinned out.

    A place that is a multiple of 2^k stays until the end is 2^(k+2) away: so some place is kept
    within twice any distance from the end, and there are at most four for each k.
    """
    kept = [each for each in trail if entry.place - each[0] < 4 * (each[0] & -each[0])]
    return (*kept, (entry.place, fingerprint(entry)))


def encode_trail(trail: Trail) -> str:
    """Put it into JSON: `[[40, "5d41402abc4b2a76"], [42, …]]`."""
    return json.dumps([list(each) for each in trail], separators=(",", ":"))


def decode_trail(text: str) -> Trail:
    """Take back what `encode_trail` made; nothing at all is the empty trail."""
    return tuple((int(place), str(mark)) for place, mark in json.loads(text or "[]"))
