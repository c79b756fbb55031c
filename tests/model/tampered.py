"""Good traces with one mistake each, and the line at which the model has to refuse them.

Lines are numbered as in the files of traces/, from 1; a deleted line leaves its number unused.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

TRACES: Final = Path(__file__).parent / "traces"


@dataclass(frozen=True, slots=True)
class Tampered:
    """A trace with a mistake."""

    mistake: str
    trace: str
    refused: int
    """The line that the model must not allow."""
    without: tuple[int, ...] = ()
    changed: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    swapped: tuple[int, int] | None = None

    def lines(self) -> tuple[list[str], list[int]]:
        """Return the lines up to that one, and their numbers in the file."""
        texts = (TRACES / f"{self.trace}.jsonl").read_text().splitlines()
        numbered = dict(enumerate(texts, start=1))
        for number, changes in self.changed.items():
            numbered[number] = json.dumps({**json.loads(numbered[number]), **changes})
        if self.swapped:
            a, b = self.swapped
            numbered[a], numbered[b] = numbered[b], numbered[a]
        kept = [n for n in numbered if n not in self.without and n <= self.refused]
        return [numbered[n] for n in kept], kept


ROW_OF_DONE_REQUEST: Final[Mapping[int, Mapping[str, Any]]] = {
    12: {"request": "r1", "payload": "rent", "made": False},
    13: {"kind": "inbox.remove", "requests": ["r1"], "outcome": "committed"},
}

TAMPERED: Final = (
    Tampered("request row not looked for", "lone", 4, without=(3,)),
    Tampered("request row looked for before the put", "lone", 4, swapped=(2, 3)),
    Tampered("payload that nobody sent", "lone", 9, changed={9: {"entries": [["r1", "milk"]]}}),
    Tampered("append without asking the entity", "lone", 9, without=(7,)),
    Tampered(
        "inbox row removed before the append",
        "lone",
        8,
        changed={
            8: {"kind": "inbox.remove", "requests": ["r1"], "outcome": "committed"},
        },
    ),
    Tampered("answer with another place", "lone", 10, changed={10: {"place": 2}}),
    Tampered(
        "answer before the append",
        "lone",
        8,
        changed={
            8: {"kind": "request.answered", "request": "r1", "payload": "rent", "place": 1},
        },
    ),
    Tampered("append behind an old head", "lone", 17, changed={17: {"head": None}}),
    Tampered("entity drops a new request", "lone", 15, changed={15: {"outbox": []}}),
    Tampered("entity keeps what is done", "lone", 15, changed={15: {"outbox": ["r1", "r2"]}}),
    Tampered("entity's head goes back", "lone", 15, changed={15: {"head": 0}}),
    Tampered(
        "entity takes more than it has room for",
        "lone",
        6,
        changed={
            1: {"room": 4},
        },
    ),
    Tampered("told as done, and is not", "lone", 14, changed={14: {"done": ["r1", "r2"]}}),
    Tampered("known done removes a row", "lone", 13, changed=ROW_OF_DONE_REQUEST),
    Tampered(
        "outbox read backwards",
        "two_processes",
        16,
        changed={
            16: {"entries": [["r2", "b"], ["r1", "a"]]},
        },
    ),
    Tampered(
        "first of the outbox left out",
        "two_processes",
        16,
        changed={
            16: {"entries": [["r2", "b"]]},
        },
    ),
    Tampered("conflict that is none", "two_processes", 16, changed={16: {"outcome": "refused"}}),
    Tampered(
        "conflict that is missed",
        "two_processes",
        17,
        changed={
            17: {"outcome": "committed", "version": "v9"},
        },
    ),
    Tampered(
        "state that the entity never had",
        "two_processes",
        11,
        changed={
            11: {"outbox": ["r2", "r1"]},
        },
    ),
    Tampered(
        "request row that is overlooked",
        "two_processes",
        26,
        changed={
            26: {"found": {}, "absent": ["r1"]},
        },
    ),
    Tampered(
        "row of the log that is another",
        "two_processes",
        33,
        changed={
            33: {"rows": [[3, "r1"]]},
        },
    ),
    Tampered("signalled again without a look", "silent_entity", 7, without=(6,)),
    Tampered("order of last resort too early", "silent_entity", 9, changed={9: {"at": 2900}}),
    Tampered("done without a word of the log", "silent_entity", 16, without=(15,)),
    Tampered(
        "state after a signal that was never sent",
        "silent_entity",
        12,
        changed={
            12: {"signals": [9]},
        },
    ),
    Tampered(
        "rolled back to a state that never was",
        "silent_entity",
        18,
        changed={
            18: {"outbox": ["r1"], "head": 1},
        },
    ),
    Tampered("accepted on a put without an answer", "lost_answers", 5, without=(3,)),
    Tampered("accepted is refused", "lost_answers", 10, changed={10: {"payload": "a"}}),
    Tampered(
        "refused payload is written",
        "lost_answers",
        14,
        changed={
            14: {"entries": [["r1", "z"]]},
        },
    ),
    Tampered("transaction that nobody sent", "lost_answers", 16, without=(14,)),
    Tampered(
        "removed though the outcome is unknown",
        "lost_answers",
        15,
        changed={
            15: {"kind": "inbox.remove", "requests": ["r1"], "outcome": "committed"},
        },
    ),
    Tampered("removed without a look", "lost_answers", 27, without=(26,)),
    Tampered("inbox read before the entity", "lost_answers", 32, without=(31,)),
    Tampered("marker set before the head is read", "published", 11, swapped=(9, 10)),
    Tampered("append without a marker", "published", 25, without=(24,)),
    Tampered("marker removed without a fence", "published", 20, without=(19,)),
    Tampered("marker removed that was not read", "published", 19, without=(16,)),
    Tampered("cursor moved before sending", "published", 15, without=(13, 14)),
    Tampered("sent what is not there", "published", 26, changed={26: {"entries": [[2, "r1"]]}}),
    Tampered("left out in sending", "published", 14, changed={14: {"entries": [[2, "r2"]]}}),
    Tampered("fenced before publishing ended", "published", 19, without=(12, 13, 14, 15, 17)),
)
