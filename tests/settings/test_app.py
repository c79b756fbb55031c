"""Settings are checked when they are read, with one sentence that names the setting."""

import pytest

from settings.app import Settings, period_seconds
from settings.schedule import check_schedule

PLURALS = ["todos"]

INVALID = {
    "EO_SWEEP_SCHEDULE": ["nonsense", "*/5 * * * *", "60 * * * * *", "* * * * * * *", "@daily",
                          "*/0 * * * * *", "5-1 * * * * *", "* * * 0 * *", "* * * * foo *", "?", "0 0 0 30 2 *", "0 0 0 31 4,6-7/2 *"],
    "EO_PURGE_SCHEDULE": ["0 17 * * *"],
    "EO_PUBLISH_SCHEDULE": ["L * * * * *"],
    "EO_SWEEP_AFTER_SECONDS": ["0", "-1", "nan", "inf", "1e9", "ten"],
    "EO_PURGE_AFTER_HOURS": ["0", "x"],
    "EO_REQUESTS_HUB": [" ", "a/b", "todo requests", "invoices=x", "todos=", "a,b"],
    "EO_EVENTS_HUB": ["-x"],
    "EO_REQUESTS_CONSUMER_GROUP": ["a b"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("setting", "value"), [(name, each) for name, values in INVALID.items() for each in values]
)
def test_invalid_value_is_refused_by_name(setting: str, value: str) -> None:
    with pytest.raises(ValueError, match=setting):
        Settings.read({setting: value}, PLURALS)


def test_defaults_need_no_setting() -> None:
    settings = Settings.read({}, PLURALS)
    assert (settings.store, settings.sweep_after.total_seconds()) == ("tables", 10)
    assert period_seconds(settings.sweep_schedule) == 30
    assert (settings.requests_hubs, settings.events_hubs) == ({}, {})


def test_hub_of_the_only_domain_needs_no_name() -> None:
    assert Settings.read({"EO_EVENTS_HUB": "out"}, PLURALS).events_hubs == {"todos": "out"}


def test_hubs_of_several_domains_are_named() -> None:
    two = ["todos", "invoices"]
    settings = Settings.read({"EO_REQUESTS_HUB": "todos=a,invoices=b"}, two)
    assert settings.requests_hubs == {"todos": "a", "invoices": "b"}
    with pytest.raises(ValueError, match="EO_REQUESTS_HUB"):
        Settings.read({"EO_REQUESTS_HUB": "a"}, two)


@pytest.mark.parametrize(
    ("requests", "events"),
    [("a", "A"), ("todos=a,invoices=a", ""), ("", "todos=a,invoices=a"), ("todos=a", "invoices=a")],
)
def test_hub_of_two_uses_is_refused(requests: str, events: str) -> None:
    # What is published would come in again as requests, or two triggers would share checkpoints.
    plurals = PLURALS if requests == "a" else ["todos", "invoices"]
    with pytest.raises(ValueError, match=r"EO_\w+_HUB .* 'a'"):
        Settings.read({"EO_REQUESTS_HUB": requests, "EO_EVENTS_HUB": events}, plurals)


@pytest.mark.parametrize(
    "schedule",
    ["* * * * * *", "*/5 * * * * *", "0 17 * * * *", "0,30 1-5 */2 1,15 jan-mar MON-Fri",
     "0 0 0 * * 1-5", "0 0 0 1 January *", "0 0 0 29 2 *", "0 0 0 31 6-7 *"],
)  # fmt: skip
def test_valid_schedule_is_returned(schedule: str) -> None:
    assert check_schedule(schedule, "EO_SWEEP_SCHEDULE") == schedule


@pytest.mark.parametrize(
    ("schedule", "seconds"),
    [("*/30 * * * * *", 30), ("* * * * * *", 1), ("0 */5 * * * *", 300), ("0 17 * * * *", 3_600),
     ("0 0 3 * * *", 86_400), ("0,30 * * * * *", 60)],
)  # fmt: skip
def test_period_is_about_what_lies_between_two_runs(schedule: str, seconds: float) -> None:
    assert period_seconds(schedule) == seconds
