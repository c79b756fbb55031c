"""Each recorded case and variant: equal, or a known difference.

A case alone, with those before it that it builds on:
`pytest localhost/conformance -k http-keys-0042`.
"""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from localhost.conformance.conftest import Recorded, Started
from localhost.conformance.corpus import Difference, case_sets, read_differences
from localhost.conformance.fidelity import Tally
from localhost.conformance.replay import is_equal
from localhost.conformance.variants import Variant, read_variants, recorded_of

KNOWN: Mapping[str, Difference] = read_differences()


def test_answer_is_the_recorded_one(recorded: Recorded, started: Started, tally: Tally) -> None:
    cases, case = recorded
    answer = started.replays[cases.path].answer(case)
    equal = is_equal(case, answer)
    tally.add(cases.path, cases.what, case.id, equal=equal)
    _judge(f"{case.id} {case.content['name']}", case.id, equal, case.content["answer"], answer)


def test_variant_starts_as_recorded(
    variant: tuple[str, Variant], started: Started, tally: Tally
) -> None:
    name, content = variant
    outcome, expected = started.outcomes[name].result(), recorded_of(content)
    tally.add("variants", "apps, host.json and settings that are odd or wrong", name,
              equal=outcome == expected)  # fmt: skip
    _judge(name, name, outcome == expected, expected, outcome)


def _judge(name: str, case_id: str, equal: bool, expected: Any, actual: Any) -> None:  # noqa: FBT001
    if equal:
        known = KNOWN.get(case_id)
        assert known is None or known.either, f"{case_id} is equal now: it is in differences.json"
    elif case_id not in KNOWN:
        said = f"{name}\n  recorded {_short(expected)}\n  actual   {_short(actual)}"
        pytest.fail(said, pytrace=False)


def test_known_differences_name_recorded_cases() -> None:
    ids = {case.id for cases in case_sets() for case in cases.cases if case.is_compared}
    assert set(KNOWN) <= ids | {name for name, _ in read_variants()}


def _short(answer: object, limit: int = 2000) -> str:
    text = json.dumps(answer, ensure_ascii=False, sort_keys=True)
    return text if len(text) <= limit else text[:limit] + "..."
