"""The settings of the app, read once from the environment (app settings on Azure)."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Self

NUMBER_MAX: Final = 1_000_000
"""Of seconds or hours; more is a slip of the keyboard, and the dates of Python end somewhere."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator can change. `local.settings.sample.json` shows every one of them."""

    store: str
    """TODO_STORE: `tables` (default) or `sqlite:<path>` (for `localhost` only)."""
    sweep_schedule: str
    """TODO_SWEEP_SCHEDULE, NCRONTAB, default every 5 seconds."""
    sweep_after: timedelta
    """TODO_SWEEP_AFTER_SECONDS, default 5: age at which a waiting request is taken up again."""
    purge_schedule: str
    """TODO_PURGE_SCHEDULE, NCRONTAB, default 17 minutes past every hour."""
    purge_after: timedelta
    """TODO_PURGE_AFTER_HOURS, default 24: age of finished orchestrations that are purged."""
    requests_hub: str
    """TODO_REQUESTS_HUB: the event hub that requests come from; empty (default) for none."""
    requests_consumer_group: str
    """TODO_REQUESTS_CONSUMER_GROUP, default `$Default`: the app's own in that hub."""
    events_hub: str
    """TODO_EVENTS_HUB: the event hub that TODOs are published to; empty (default) for none."""
    publish_schedule: str
    """TODO_PUBLISH_SCHEDULE, NCRONTAB, default every 10 seconds: when whatever could not be
    published at once is tried again."""

    @classmethod
    def read(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """Raise ValueError, naming the setting, when one of them makes no sense."""
        return cls(
            store=environ.get("TODO_STORE") or "tables",
            sweep_schedule=environ.get("TODO_SWEEP_SCHEDULE") or "*/5 * * * * *",
            sweep_after=timedelta(seconds=_positive(environ, "TODO_SWEEP_AFTER_SECONDS", "5")),
            purge_schedule=environ.get("TODO_PURGE_SCHEDULE") or "0 17 * * * *",
            purge_after=timedelta(hours=_positive(environ, "TODO_PURGE_AFTER_HOURS", "24")),
            requests_hub=environ.get("TODO_REQUESTS_HUB") or "",
            requests_consumer_group=environ.get("TODO_REQUESTS_CONSUMER_GROUP") or "$Default",
            events_hub=environ.get("TODO_EVENTS_HUB") or "",
            publish_schedule=environ.get("TODO_PUBLISH_SCHEDULE") or "*/10 * * * * *",
        )


def _positive(environ: Mapping[str, str], name: str, default: str) -> float:
    text = environ.get(name) or default
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value < NUMBER_MAX:
        msg = f"{name} is {text!r}; it must be a number above 0 and below {NUMBER_MAX}"
        raise ValueError(msg)
    return value
