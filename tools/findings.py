"""What an audit finds, for people and for programs."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from tools.letters_text import one_line

COUNTED: Final = ("projects", "todos", "requests", "inboxRows", "cursors")
"""What an audit counts as checked."""


class Severity(Enum):
    """What a finding means."""

    VIOLATION = "violation"
    """A promise is broken."""
    NOTE = "note"
    """Allowed, and worth knowing."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One fact about the rows of one project."""

    project: str
    """The partition; a project id, if all is well."""
    rows: str
    """Their keys, as they are stored."""
    what: str
    severity: Severity = Severity.VIOLATION


class Report:
    """Prints each finding as it comes, so that a store of any size can be as broken as it likes.

    With `as_json`, a line is a JSON object, and the last one has what was checked.
    """

    def __init__(self, *, as_json: bool) -> None:
        """Begin with nothing found."""
        self._as_json = as_json
        self._found: Counter[Severity] = Counter()

    @property
    def violations(self) -> int:
        """How many there were."""
        return self._found[Severity.VIOLATION]

    def add(self, finding: Finding) -> None:
        """Print a finding."""
        self._found[finding.severity] += 1
        kind = finding.severity.value
        if self._as_json:
            facts = {"project": finding.project, "rows": finding.rows, "what": finding.what}
            print(json.dumps({"finding": kind, **facts}))
        else:
            print(one_line(f"{kind}: project {finding.project}: {finding.rows}: {finding.what}"))

    def end(self, checked: Mapping[str, int]) -> None:
        """Print what was checked."""
        found = {each.value + "s": self._found[each] for each in Severity}
        if self._as_json:
            print(json.dumps({"checked": {each: checked[each] for each in COUNTED}, **found}))
            return
        print("checked  " + ", ".join(f"{checked[each]} {_words(each)}" for each in COUNTED))
        print("found    " + ", ".join(f"{count} {name}" for name, count in found.items()))


def _words(name: str) -> str:
    return {"todos": "TODOs", "inboxRows": "inbox rows"}.get(name, name)
