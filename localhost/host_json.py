"""host.json with its environment overrides: the one reader of it.

Names are case-insensitive as in .NET configuration, and of two spellings the last counts.
"""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, TypeVar

from localhost.app_settings import read_json_object, resolve
from localhost.errors import HostError, StartError
from localhost.timespan import parse_timespan

HOST_FILE: Final = "host.json"
OVERRIDE_PREFIX: Final = "azurefunctionsjobhost__"
FUNCTION_TIMEOUT_MIN: Final = timedelta(seconds=1)
FUNCTION_TIMEOUT_DEFAULT: Final = timedelta(minutes=30)
"""What Core Tools and the Premium plan use; the Consumption plan has 5 minutes."""

Choice = TypeVar("Choice", bound=StrEnum)


class HostJson:
    """The settings by dotted path, for example `extensions.http.routePrefix`."""

    def __init__(self, content: Mapping[str, Any], environ: Mapping[str, str]) -> None:
        self._root: dict[str, Any] = _lowered(content)
        self._environ = environ
        for name, value in environ.items():
            if name.lower().startswith(OVERRIDE_PREFIX):
                self._override(name[len(OVERRIDE_PREFIX) :].lower().split("__"), value)

    @classmethod
    def read(cls, app: Path, environ: Mapping[str, str]) -> "HostJson":
        """Read the app's host.json; without one all is at its default.

        Raises HostError for one that the real host refuses: no JSON, or not version 2.0.
        """
        path = app / HOST_FILE
        if not path.is_file():
            return cls({"version": "2.0"}, environ)
        try:
            content = read_json_object(path)
        except StartError as error:
            raise HostError(str(error)) from error
        host = cls(content, environ)
        if host.value("version") != "2.0":
            raise HostError(f'{HOST_FILE} must say "version": "2.0"')
        return host

    def warnings(self) -> list[str]:
        """Return what the real host takes silently and what will hurt there."""
        lines = []
        if self._root.get("retry") is not None:
            lines.append(
                f"{HOST_FILE}: remove the top-level `retry`; on Azure it also retries "
                "orchestrators, entities and activities, here it does nothing"
            )
        if isinstance(self.value("functions"), str):
            lines.append(f"{HOST_FILE}: `functions` is a text and ignored; it must be a list")
        prefix = self.route_prefix()
        if "%" in prefix:
            lines.append(f"{HOST_FILE}: `routePrefix` {prefix!r} is taken as it is, not resolved")
        return lines

    def route_prefix(self) -> str:
        """Return `extensions.http.routePrefix` as it is; null is none."""
        http = self.value("extensions.http")
        if not isinstance(http, dict) or "routeprefix" not in http:
            return "api"
        return str(http["routeprefix"] or "")

    def _override(self, path: list[str], value: str) -> None:
        node = self._root
        for part in path[:-1]:
            child = node.get(part)
            if not isinstance(child, dict):
                items = enumerate(child) if isinstance(child, list) else ()
                child = node[part] = {str(index): item for index, item in items}
            node = child
        node[path[-1]] = value

    def value(self, path: str) -> Any:
        """Return what is at the path, None when nothing is."""
        node: Any = self._root
        for part in path.lower().split("."):
            if not isinstance(node, dict):
                return None
            node = node.get(part)
        return node

    def text(self, path: str, default: str) -> str:
        """Return a text with its `%NAME%` resolved; an empty one stays empty.

        Raises HostError when a setting is not there.
        """
        value = self.value(path)
        if value is None:
            return default
        try:
            return resolve(str(value), self._environ, _at(path))
        except StartError as error:
            raise HostError(str(error)) from error

    def number(self, path: str, default: int, at_least: int = 0, at_most: int | None = None) -> int:
        """Return an integer. Raises HostError when it is none or out of bounds."""
        value = self.value(path)
        if value is None:
            return default
        try:
            number = int(str(value))
        except ValueError:
            number = at_least - 1
        if number < at_least or isinstance(value, bool):
            raise HostError(f"{_at(path)} must be an integer of at least {at_least}, not {value!r}")
        if at_most is not None and number > at_most:
            raise HostError(f"{_at(path)} must be at most {at_most}, not {value!r}")
        return number

    def span(self, path: str, default: timedelta, low: timedelta, high: timedelta) -> timedelta:
        """Return a TimeSpan. Raises HostError when it is none or out of bounds."""
        span = self._span(path, default)
        if not low <= span <= high:
            raise HostError(f"{_at(path)} must be from {low} to {high}, not {self.value(path)!r}")
        return span

    def _span(self, path: str, default: timedelta) -> timedelta:
        value = self.value(path)
        try:
            return default if value is None else parse_timespan(str(value))
        except ValueError as error:
            raise HostError(f"{_at(path)}: {error}") from error

    def flag(self, path: str, *, default: bool) -> bool:
        """Return a boolean. Raises HostError when it is none."""
        value = self.value(path)
        if value is None:
            return default
        if str(value).lower() not in {"true", "false"}:
            raise HostError(f"{_at(path)} must be true or false, not {value!r}")
        return str(value).lower() == "true"

    def choice(self, path: str, default: Choice) -> Choice:
        """Return a member of an enumeration, in any case. Raises HostError when it is none."""
        text, choices = self.text(path, default), type(default)
        for choice in choices:
            if choice.lower() == text.lower():
                return choice
        raise HostError(f"{_at(path)} must be one of {', '.join(choices)}, not {text!r}")

    def names(self, path: str) -> list[str] | None:
        """Return a list of texts, None when there is none: a single text is ignored."""
        value = self.value(path)
        if isinstance(value, dict):
            value = [value[key] for key in sorted(value)]
        return [str(item) for item in value] if isinstance(value, list) else None

    def function_timeout(self) -> timedelta | None:
        """Return how long an invocation may take, None for without limit (`-1`).

        Raises HostError when it is no TimeSpan, or a second or less.
        """
        if str(self.value("functionTimeout")).strip() == "-1":
            return None
        timeout = self._span("functionTimeout", FUNCTION_TIMEOUT_DEFAULT)
        if timeout <= FUNCTION_TIMEOUT_MIN:
            raise HostError(
                "Microsoft.Azure.WebJobs.Script: FunctionTimeout must be greater than 00:00:01 and "
                "less than 10675199.02:48:05.4775807."
            )
        return timeout


def _lowered(content: Any) -> Any:
    if isinstance(content, dict):
        merged: dict[str, Any] = {}
        for key, value in content.items():
            name, below = str(key).lower(), _lowered(value)
            earlier = merged.get(name)
            both = isinstance(earlier, dict) and isinstance(below, dict)
            merged[name] = earlier | below if both else below
        return merged
    return content


def _at(path: str) -> str:
    return f"{HOST_FILE}: `{path}`"
