from datetime import UTC, datetime, timedelta

import pytest

from localhost.schedule import parse_schedule
from localhost.timespan import parse_timespan


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("schedule", "after", "expected"),
    [
        ("0 */5 * * * *", "2026-07-01 10:00:00", "2026-07-01 10:05:00"),
        ("0 */5 * * * *", "2026-07-01 10:04:59.9", "2026-07-01 10:05:00"),
        ("*/5 * * * *", "2026-07-01 10:01:30", "2026-07-01 10:05:00"),
        ("*/15 * * * * *", "2026-07-01 10:00:15", "2026-07-01 10:00:30"),
        ("0 0 * * * *", "2026-07-01 23:30:00", "2026-07-02 00:00:00"),
        ("0 30 9 * * Mon-Fri", "2026-07-03 09:30:00", "2026-07-06 09:30:00"),
        ("0 0 0 1 Jan *", "2026-07-01 00:00:00", "2027-01-01 00:00:00"),
        ("0 0 0 29 2 *", "2026-07-01 00:00:00", "2028-02-29 00:00:00"),
        ("0 0 0 13 * 5", "2026-07-01 00:00:00", "2026-11-13 00:00:00"),
        ("5,10-12,50/5 * * * * *", "2026-07-01 10:00:12", "2026-07-01 10:00:50"),
        ("0 5/20 * * * *", "2026-07-01 10:26:00", "2026-07-01 10:45:00"),
        ("0 0 20-18 * * sunday", "2026-07-01 10:00:00", "2026-07-05 18:00:00"),
        ("00:00:30", "2026-07-01 10:00:01", "2026-07-01 10:00:31"),
        ("1.00:00:00", "2026-07-01 10:00:01", "2026-07-02 10:00:01"),
    ],
)
def test_the_next_moment_is_that_of_ncrontab(schedule: str, after: str, expected: str) -> None:
    assert parse_schedule(schedule).next_after(at(after)) == at(expected)


@pytest.mark.parametrize(
    "schedule",
    [
        "",
        "* * * *",
        "* * * * * * *",
        "60 * * * * *",
        "* * 24 * * *",
        "* * * 0 * *",
        "* * * * 13 *",
        "* * * * * 7",
        "*/0 * * * * *",
        "*/x * * * * *",
        "a * * * * *",
        "1- * * * * *",
        "0 0 0 L * *",
        "0 0 0 ? * *",
        "@daily",
    ],
)
def test_a_schedule_that_means_nothing_is_refused(schedule: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_schedule(schedule)


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("00:05:00", timedelta(minutes=5)),
        ("01:30", timedelta(hours=1, minutes=30)),
        ("1.12:00:00", timedelta(days=1, hours=12)),
        ("00:00:00.5", timedelta(milliseconds=500)),
        ("00:00:00.1234567", timedelta(microseconds=123456)),
        ("-00:01:00", timedelta(minutes=-1)),
    ],
)
def test_a_timespan_is_read_as_dotnet_does(text: str, span: timedelta) -> None:
    assert parse_timespan(text) == span


@pytest.mark.parametrize("text", ["", "00:60:00", "1:2:3:4", "x"])
def test_no_timespan_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"TimeSpan|out of range"):
        parse_timespan(text)


@pytest.mark.parametrize("schedule", ["0 0 0 31 2 *", "-00:00:05", "00:00:00"])
def test_schedule_that_names_no_time_never_fires(schedule: str) -> None:
    assert parse_schedule(schedule).next_after(at("2026-07-01 10:00:00")) is None


def test_span_of_more_than_a_day_is_read_as_days() -> None:
    assert parse_timespan("25:00:00") == timedelta(days=25)
    assert parse_timespan("5") == timedelta(days=5)
