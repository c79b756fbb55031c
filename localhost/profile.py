"""What Azure takes time for and a laptop does not, as numbers: `--profile`, and each by itself.

README.md has the table. Each is also an environment variable: LOCALHOST_PROFILE, LOCALHOST_PLACEMENT
and so on.
"""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from localhost.errors import StartError


class Placement(StrEnum):
    """Which functions share an instance."""

    TOGETHER = "together"
    APART = "apart"
    """HTTP functions, durable ones, and each other function by itself: Flex Consumption."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """The numbers. None: what host.json says, or its default there."""

    placement: Placement = Placement.TOGETHER
    polling_seconds: float | None = 0.0
    """The longest pause between two looks at a queue; 0: what is sent arrives at once."""
    polling_default_seconds: float = 30.0
    storage_seconds: float = 0.0
    """What a request of the task hub to its storage takes."""
    lease_seconds: float = 0.0
    """How long nobody reads the queues after their reader was killed."""
    visibility_seconds: float | None = 0.0
    """After a kill, when what was in flight is seen again, counted from when it was first."""


NONE: Final = Profile()
PLAN: Final = Profile(
    polling_seconds=None, storage_seconds=0.006, lease_seconds=40.0, visibility_seconds=None
)
FLEX: Final = replace(PLAN, placement=Placement.APART, polling_default_seconds=1.0)
PROFILES: Final = {"none": NONE, "plan": PLAN, "flex": FLEX}
TIME_SETTING: Final = "LOCALHOST_TIME_FACTOR"
NUMBERS: Final = ("polling_seconds", "storage_seconds", "lease_seconds", "visibility_seconds")


def add_options(parser: argparse.ArgumentParser, environ: Mapping[str, str]) -> None:
    """Add the options; what the command line does not say, the environment does."""

    def add(name: str, default: str | None = None, **how: Any) -> None:
        default = environ.get(f"LOCALHOST_{name.upper()}") or default
        parser.add_argument(f"--{name.replace('_', '-')}", default=default, **how)

    add("profile", type=_profile, default="none", help="time as on Azure: flex, plan or none")
    add("placement", type=Placement, choices=list(Placement), help="instances of functions")
    for name in NUMBERS:
        add(name, type=_seconds, metavar="SECONDS", help="one number of the profile")


def profile_of(given: argparse.Namespace) -> Profile:
    """Return what was asked for."""
    asked = {name: getattr(given, name) for name in ("placement", *NUMBERS)}
    plain: Profile = given.profile
    return replace(plain, **{name: value for name, value in asked.items() if value is not None})


def time_factor(environ: Mapping[str, str]) -> float:
    """Return what all waits after a kill are multiplied by. Raises StartError."""
    factor = environ.get(TIME_SETTING) or "1"
    try:
        return float(factor)
    except ValueError as error:
        raise StartError(f"{TIME_SETTING} must be a number, not {factor!r}") from error


def _profile(text: str) -> Profile:
    if text not in PROFILES:
        raise argparse.ArgumentTypeError(f"{text!r} is no profile")
    return PROFILES[text]


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds < float("inf"):
        raise ValueError(text)
    return seconds
