"""docs/use/event-hubs.md says what the code does with events."""

import re
from pathlib import Path
from typing import Final

from activities.append import FOLD_FAILED
from triggers.events.requests import BODY_BYTES_MAX, CODES

PAGE: Final = (Path(__file__).parents[3] / "docs/use/event-hubs.md").read_text(encoding="utf-8")


def test_each_code_of_a_dead_letter_has_its_row() -> None:
    table = PAGE.partition("## Dead letters")[2].partition("```")[0]
    assert set(re.findall(r"^\| `([\w-]+)` \|", table, re.MULTILINE)) == {*CODES, FOLD_FAILED}


def test_largest_body_is_that_of_the_code() -> None:
    size = f"{BODY_BYTES_MAX // 1024} KiB"
    assert f"at most {size}, not compressed" in PAGE
    assert f"| `too-large` | more than {size} |" in PAGE
