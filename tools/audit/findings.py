"""What an audit finds, for people and for programs."""

import json
from collections import Counter
from dataclasses import dataclass
from enum import Enum
from typing import Final

from tools.terminal import one_line, say

CONSISTENT: Final = "The logs are consistent (1..n, one entry per request, outputs recomputed)"
INCONSISTENT: Final = "The logs are NOT consistent"

COUNTED: Final = ("keys", "entries", "folded", "requests", "inboxRows", "cursors")
"""What an audit counts as checked."""


class Severity(Enum):
    """What a finding means."""

    VIOLATION = "violation"
    """A promise is broken."""
    NOTE = "note"
    """Allowed, and worth knowing."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One fact about the rows of one key."""

    key: str
    row: str
    """As it is stored."""
    what: str
    severity: Severity = Severity.VIOLATION


class Report:
    """Prints each finding as it comes, so that a store of any size can be as broken as it likes.

    With `as_json`, a line is a JSON object, and the last one has what was checked.
    """

    def __init__(self, *, as_json: bool, what: str) -> None:
        """Begin with nothing found; `what` names a key: `project`."""
        self._as_json = as_json
        self._what = what
        self.checked: Counter[str] = Counter()
        self.found: Counter[Severity] = Counter()

    def add(self, finding: Finding) -> None:
        """Print a finding."""
        self.found[finding.severity] += 1
        kind = finding.severity.value
        if self._as_json:
            facts = {"key": finding.key, "row": finding.row, "what": finding.what}
            say(json.dumps({"finding": kind, **facts}))
        else:
            line = f"{kind}: {self._what} {finding.key}: {finding.row}: {finding.what}"
            say(one_line(line))

    def end(self, name: str) -> None:
        """Say what is so, in one line."""
        if self._as_json:
            found = {each.value + "s": self.found[each] for each in Severity}
            print(json.dumps({"checked": {each: self.checked[each] for each in COUNTED}, **found}))
            return
        verdict = INCONSISTENT if self.found[Severity.VIOLATION] else CONSISTENT
        checked, notes = self.checked, self.found[Severity.NOTE]
        print(
            f"{verdict}: {self.found[Severity.VIOLATION]} violations and {notes} notes in"
            f" {checked['entries']} entries of {checked['keys']} {self._what}s of {one_line(name)},"
            f" {checked['folded']} folded again, {checked['inboxRows']} rows waiting."
        )
