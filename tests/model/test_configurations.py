import re
from pathlib import Path

import pytest

from model.expectation import FOLDER, Expectation, all_expectations
from model.java import major
from model.tlc import read

README = (FOLDER / "README.md").read_text()
ROOT = FOLDER.parent


def is_told(each: Expectation) -> bool:
    told = re.escape(each.broken) if each.broken else f"{each.states:,}"
    return bool(re.search(rf"^\| `{each.name}` \|.*{told}", README, re.MULTILINE))


@pytest.mark.parametrize("each", all_expectations(), ids=lambda each: each.name)
def test_the_readme_tells_what_each_configuration_finds(each: Expectation) -> None:
    assert is_told(each)


@pytest.mark.parametrize("each", all_expectations(), ids=lambda each: each.name)
def test_what_must_break_is_the_only_thing_that_is_checked(each: Expectation) -> None:
    text = each.config.read_text()
    checked = re.findall(r"^(?:INVARIANTS?|PROPERTY|PROPERTIES) (.*)$", text, re.MULTILINE)
    assert checked
    if each.broken:
        assert checked == [each.broken]


def test_configuration_without_an_expectation_is_refused(tmp_path: Path) -> None:
    config = tmp_path / "Some.cfg"
    config.write_text("SPECIFICATION Storm\n")
    with pytest.raises(ValueError, match="what to expect"):
        Expectation.read(config)


def test_each_promise_of_the_readme_is_checked_somewhere() -> None:
    configs = "".join(each.config.read_text() for each in all_expectations() if not each.broken)
    promises = re.findall(r"^\| `(\w+)` \| [a-z]", README, re.MULTILINE)
    assert len(promises) > 10
    assert [each for each in promises if not re.search(rf"\b{each}\b", configs)] == []


def test_each_mistake_of_the_modules_is_made_in_a_configuration() -> None:
    configs = "".join(each.config.read_text() for each in all_expectations())
    made = set(re.findall(r"<- (\w+)", configs))
    helpers = {"FenceAnswered"}
    for module in ("Twins", "CompletionTwins", "PublishingTwins"):
        defined = re.findall(
            r"^(\w+)(?:\(.*\))? ==", (FOLDER / f"{module}.tla").read_text(), re.MULTILINE
        )
        assert set(defined) - made - helpers == set()


def test_what_is_said_of_an_expected_finding_names_no_failure() -> None:
    for each in all_expectations():
        assert not re.search(r"break|broken|fail|wrong|error|violat", each.praise, re.IGNORECASE)


DONE = "Model checking completed. No error has been found.\n"


@pytest.mark.parametrize(
    ("output", "states", "broken"),
    [
        (f"{DONE}9 states generated, 1,234 distinct states found, 0 left", 1234, None),
        ("9 states generated, 1234 distinct states found, 0 left", None, None),
        ("Error: Invariant Dense is violated.", None, "Dense"),
        ("Error: Action property WrittenNeverChanges is violated.", None, "WrittenNeverChanges"),
        ("Error: Temporal properties were violated.", None, "Promised"),
        ("Could not parse module Outbox", None, None),
    ],
)
def test_the_output_of_tlc_is_understood(
    output: str, states: int | None, broken: str | None
) -> None:
    twin = next(each for each in all_expectations() if each.name == "EntityRemembers")
    result = read(output, twin)
    assert (result.states, result.broken) == (states, broken)


def test_a_count_that_is_not_the_recorded_one_is_not_as_expected() -> None:
    expected = next(each for each in all_expectations() if each.states)
    states = expected.states or 0
    output = f"{DONE}0 states generated, {states + 1} distinct states found, 0 left"
    assert not read(output, expected).is_as(expected)


@pytest.mark.parametrize(
    ("said", "is_major"),
    [('openjdk version "17.0.15" 2025', 17), ('java version "1.8.0_1"', 1), ("no java here", 0)],
)
def test_the_version_of_java_is_understood(said: str, is_major: int) -> None:
    assert major(said) == is_major
