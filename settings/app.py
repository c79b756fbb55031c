"""The settings of the app, read once from the environment (app settings on Azure)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import isfinite
from typing import Final, Self

from settings.schedule import check_schedule

NUMBER_MAX: Final = 1_000_000
"""Of seconds or hours; larger values are typos, and overflow datetime."""

HUB_NAME: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,254}[A-Za-z0-9])?")
"""Names of event hubs."""

GROUP_NAME: Final = re.compile(r"\$Default|[A-Za-z0-9](?:[A-Za-z0-9._-]{0,48}[A-Za-z0-9])?")
"""Names of consumer groups."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator can change. `local.settings.sample.json` shows every one of them."""

    store: str
    """EO_STORE: `tables` (default) or `sqlite:<path>` (one machine only)."""
    sweep_schedule: str
    """EO_SWEEP_SCHEDULE, NCRONTAB of six fields, default every 30 seconds."""
    sweep_after: timedelta
    """EO_SWEEP_AFTER_SECONDS, default 10: age at which a waiting request is taken up."""
    purge_schedule: str
    """EO_PURGE_SCHEDULE, NCRONTAB, default 17 minutes past every hour."""
    purge_after: timedelta
    """EO_PURGE_AFTER_HOURS, default 24: age of finished orchestrations that are purged."""
    requests_hubs: Mapping[str, str]
    """EO_REQUESTS_HUB: the event hub that requests come from; empty (default) for none. With
    several domains `invoices=hub1,tickets=hub2`. By plural name of the domain."""
    requests_consumer_group: str
    """EO_REQUESTS_CONSUMER_GROUP, default `$Default`: the app's own in that hub."""
    events_hubs: Mapping[str, str]
    """EO_EVENTS_HUB: the event hub that the log is published to; empty (default) for none. Written
    as EO_REQUESTS_HUB is."""
    publish_schedule: str
    """EO_PUBLISH_SCHEDULE, NCRONTAB, default every 30 seconds: when whatever could not be
    published at once is tried again."""

    @classmethod
    def read(cls, environ: Mapping[str, str], plurals: Sequence[str]) -> Self:
        """Raise ValueError, naming the setting, when one of them is invalid.

        `plurals` are the names of the app's domains.
        """

        def schedule(setting: str, default: str) -> str:
            return check_schedule(environ.get(setting) or default, setting)

        group = environ.get("EO_REQUESTS_CONSUMER_GROUP") or "$Default"
        if not GROUP_NAME.fullmatch(group):
            raise ValueError(
                f"EO_REQUESTS_CONSUMER_GROUP is {group!r}, which is not a name of a consumer group"
            )
        read = cls(
            store=environ.get("EO_STORE") or "tables",
            sweep_schedule=schedule("EO_SWEEP_SCHEDULE", "*/30 * * * * *"),
            sweep_after=timedelta(seconds=_positive(environ, "EO_SWEEP_AFTER_SECONDS", "10")),
            purge_schedule=schedule("EO_PURGE_SCHEDULE", "0 17 * * * *"),
            purge_after=timedelta(hours=_positive(environ, "EO_PURGE_AFTER_HOURS", "24")),
            requests_hubs=_hubs(environ, "EO_REQUESTS_HUB", plurals),
            requests_consumer_group=group,
            events_hubs=_hubs(environ, "EO_EVENTS_HUB", plurals),
            publish_schedule=schedule("EO_PUBLISH_SCHEDULE", "*/30 * * * * *"),
        )
        _check_apart(read.hubs())
        return read

    def hubs(self) -> list[str]:
        """Return all event hubs."""
        return [*self.requests_hubs.values(), *self.events_hubs.values()]


def _check_apart(hubs: Sequence[str]) -> None:
    """Refuse a hub that is named twice: what the app publishes would come in again, or two domains
    would share checkpoints or a consumer's last places. Event Hubs tells no case apart.
    """
    folded = [each.casefold() for each in hubs]
    for hub in folded:
        if folded.count(hub) > 1:
            raise ValueError(f"EO_REQUESTS_HUB and EO_EVENTS_HUB name the hub {hub!r} twice")


def period_seconds(schedule: str) -> float:
    """Return about how long lies between two runs of a checked schedule, for health.

    Known for steps in the seconds or the minutes; a day for every rarer schedule.
    """
    second, minute, hour, *_ = schedule.split()
    for field, unit in ((second, 1.0), (minute, 60.0), (hour, 3_600.0)):
        if field == "*":
            return unit
        if match := re.fullmatch(r"\*/(\d+)", field):
            return unit * int(match[1])
        if "," in field or "-" in field:
            return unit * 60
    return 86_400.0


def _positive(environ: Mapping[str, str], name: str, default: str) -> float:
    text = environ.get(name) or default
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not (isfinite(value) and 0 < value < NUMBER_MAX):
        raise ValueError(f"{name} is {text!r}; it must be a number above 0 and below {NUMBER_MAX}")
    return value


def _hubs(environ: Mapping[str, str], name: str, plurals: Sequence[str]) -> dict[str, str]:
    """Read `hub`, or `plural=hub,plural=hub`."""
    text = environ.get(name, "")
    if not text:
        return {}
    hubs: dict[str, str] = {}
    for part in text.split(","):
        plural, equals, hub = part.partition("=")
        if not equals and len(plurals) == 1:
            plural, hub = plurals[0], part
        if plural not in plurals:
            names = " or ".join(f"`{each}=`" for each in plurals)
            raise ValueError(f"{name} is {text!r}; each hub needs {names} before it")
        if not HUB_NAME.fullmatch(hub):
            raise ValueError(f"{name} is {text!r}; {hub!r} is not a name of an event hub")
        if plural in hubs:
            raise ValueError(f"{name} is {text!r}; it names two hubs for {plural}")
        hubs[plural] = hub
    return hubs
