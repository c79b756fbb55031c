"""The header `Prefer` (RFC 7240): how long a client wants to wait for its entry.

A preference never fails a request: what is malformed or unknown is ignored (section 2), what is too
much is less, and `Preference-Applied` says what was made of it.
"""

from dataclasses import dataclass
from typing import Final
from urllib.request import parse_http_list

WAIT_SECONDS_DEFAULT: Final = 5

WAIT_SECONDS_MAX: Final = 30
"""Well below the 230 s after which Azure's load balancer gives up on a request."""

DIGITS_MAX: Final = 9
"""Of a wait that is converted; a longer one is more than `WAIT_SECONDS_MAX` anyhow."""


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
    """Read the header.

    `respond-async` alone does not wait at all; with `wait=N` it waits N seconds first (section
    4.3).
    """
    if not header:
        return DEFAULT
    named: dict[str, str] = {}
    for preference in parse_http_list(header):
        name, _, value = preference.partition(";")[0].partition("=")
        # The first of several counts (section 2).
        named.setdefault(name.strip().lower(), value.strip().strip('"'))
    respond_async = "respond-async" in named
    wait_seconds = _wait_seconds(named.get("wait", ""))
    if wait_seconds is not None:
        return Preferences(wait_seconds, respond_async, wait_named=True)
    wait_seconds = 0 if respond_async else WAIT_SECONDS_DEFAULT
    return Preferences(wait_seconds, respond_async, wait_named=False)


def _wait_seconds(text: str) -> int | None:
    if not (text.isascii() and text.isdigit()):
        return None
    return min(int(text), WAIT_SECONDS_MAX) if len(text) <= DIGITS_MAX else WAIT_SECONDS_MAX
