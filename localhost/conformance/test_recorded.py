"""Each recorded case: equal, or a known difference.

A case alone, with those before it that it builds on: `pytest localhost/conformance -k http-keys-0042`.
"""

import json

import pytest

from localhost.conformance.corpus import Case, CaseSet
from localhost.conformance.differences import read_differences
from localhost.conformance.replay import Replay, is_equal

KNOWN = read_differences()


def test_answer_is_the_recorded_one(
    recorded: tuple[CaseSet, Case], replays: dict[str, Replay]
) -> None:
    cases, case = recorded
    answer = replays[cases.path].answer(case)
    if is_equal(case, answer):
        assert case.id not in KNOWN, f"{case.id} is equal now: remove it from differences.json"
    elif case.id not in KNOWN:
        pytest.fail(
            f"{case.id} {case.name}\n  recorded {_short(case.content['answer'])}\n"
            f"  actual   {_short(answer)}",
            pytrace=False,
        )


def _short(answer: object, limit: int = 2000) -> str:
    text = json.dumps(answer, ensure_ascii=False, sort_keys=True)
    return text if len(text) <= limit else text[:limit] + "..."
