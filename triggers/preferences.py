"""The header `Prefer` (RFC 7240): how long a client wants to wait for its TODO."""

from dataclasses import dataclass
from typing import Final
from urllib.request import parse_http_list

from todos.wire import FieldError, Invalid, parse_integer

WAIT_SECONDS_DEFAULT: Final = 5

WAIT_SECONDS_MAX: Final = 30
"""Well below the 230 s after which Azure's load balancer gives up on a request."""


@dataclass(frozen=True, slots=True)
class Preferences:
    """What a client prefers, and what `Preference-Applied` says about it."""

    wait_seconds: int
    respond_async: bool
    wait_named: bool

    def applied(self, *, accepted_only: bool) -> str | None:
        """Return the value of `Preference-Applied`, None for none.

        A request that was answered in the end was not responded to asynchronously.
        """
        names = []
        if self.respond_async and accepted_only:
            names.append("respond-async")
        if self.wait_named:
            names.append(f"wait={self.wait_seconds}")
        return ", ".join(names) or None


DEFAULT: Final = Preferences(WAIT_SECONDS_DEFAULT, respond_async=False, wait_named=False)


def parse_preferences(header: str | None) -> Preferences:
    """Read the header; preferences that are not known are ignored, as the RFC asks.

    `respond-async` alone does not wait at all; with `wait=N` it waits N seconds first (section
    4.3). Raises Invalid for a `wait` that is not an integer from 0 to 30.
    """
    if not header:
        return DEFAULT
    named: dict[str, str] = {}
    for preference in parse_http_list(header):
        name, _, value = preference.partition(";")[0].partition("=")
        # The first of several counts (section 2).
        named.setdefault(name.strip().lower(), value.strip().strip('"'))
    respond_async = "respond-async" in named
    if "wait" in named:
        return Preferences(_wait_seconds(named["wait"]), respond_async, wait_named=True)
    wait_seconds = 0 if respond_async else WAIT_SECONDS_DEFAULT
    return Preferences(wait_seconds, respond_async, wait_named=False)


def _wait_seconds(text: str) -> int:
    try:
        return parse_integer(text, 0, WAIT_SECONDS_MAX)
    except ValueError as error:
        raise Invalid(FieldError("header:Prefer", f"wait {error}")) from None
