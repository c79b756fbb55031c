"""host.json with its environment overrides; names are case-insensitive, as in .NET configuration."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from localhost.app_settings import read_json_object, resolve
from localhost.errors import StartError
from localhost.timespan import parse_timespan

HOST_FILE: Final = "host.json"
OVERRIDE_PREFIX: Final = "azurefunctionsjobhost__"
FUNCTION_TIMEOUT_DEFAULT: Final = timedelta(minutes=30)
"""What Core Tools and the Premium plan use; the Consumption plan has 5 minutes."""


class HostJson:
    """The settings by dotted path, for example `extensions.http.routePrefix`."""

    def __init__(self, content: Mapping[str, Any], environ: Mapping[str, str]) -> None:
        self._root: dict[str, Any] = _lowered(content)
        self._environ = environ
        for name, value in environ.items():
            if name.lower().startswith(OVERRIDE_PREFIX):
                self._override(name[len(OVERRIDE_PREFIX) :].lower().split("__"), value)
        if self._root.get("retry") is not None:
            # The real host then wraps durable triggers too, with effects nobody has examined
            # (host-protocol 7.9 and 10.20): better no host than one that hides it.
            raise StartError(
                f"{HOST_FILE}: remove the top-level `retry`; it would also retry orchestrators, "
                "entities and activities. Set a retry policy on the function instead."
            )

    @classmethod
    def read(cls, app: Path, environ: Mapping[str, str]) -> "HostJson":
        """Read the app's host.json. Raises StartError when it is missing or not version 2.0."""
        path = app / HOST_FILE
        if not path.is_file():
            raise StartError(f"there is no {HOST_FILE} in {app}")
        host = cls(read_json_object(path), environ)
        if host.text("version", "") != "2.0":
            raise StartError(f'{HOST_FILE} must say "version": "2.0"')
        return host

    def _override(self, path: list[str], value: str) -> None:
        node = self._root
        for part in path[:-1]:
            child = node.get(part)
            if not isinstance(child, dict):
                child = dict(_numbered(child)) if isinstance(child, list) else {}
                node[part] = child
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
        """Return a text with its `%NAME%` resolved; an empty one stays empty."""
        value = self.value(path)
        return default if value is None else resolve(str(value), self._environ, _at(path))

    def number(self, path: str, default: int, at_least: int = 0) -> int:
        """Return an integer. Raises StartError when it is none or below `at_least`."""
        value = self.value(path)
        if value is None:
            return default
        try:
            number = int(str(value))
        except ValueError:
            number = at_least - 1
        if number < at_least or isinstance(value, bool):
            raise StartError(
                f"{_at(path)} must be an integer of at least {at_least}, not {value!r}"
            )
        return number

    def flag(self, path: str, *, default: bool) -> bool:
        """Return a boolean. Raises StartError when it is none."""
        value = self.value(path)
        if value is None:
            return default
        if str(value).lower() not in {"true", "false"}:
            raise StartError(f"{_at(path)} must be true or false, not {value!r}")
        return str(value).lower() == "true"

    def names(self, path: str) -> list[str] | None:
        """Return a list of texts, None when it is not there."""
        value = self.value(path)
        if isinstance(value, dict):
            value = [value[key] for key in sorted(value)]
        if value is not None and not isinstance(value, list):
            raise StartError(f"{_at(path)} must be a list")
        return None if value is None else [str(item) for item in value]

    def function_timeout(self) -> timedelta | None:
        """Return how long an invocation may take, None for without limit (`-1`)."""
        value = self.value("functionTimeout")
        if value is None:
            return FUNCTION_TIMEOUT_DEFAULT
        if str(value).strip() == "-1":
            return None
        try:
            timeout = parse_timespan(str(value))
        except ValueError as error:
            raise StartError(f"{_at('functionTimeout')}: {error}") from error
        if timeout <= timedelta():
            raise StartError(f"{_at('functionTimeout')} must be positive, or -1 for no limit")
        return timeout


def _lowered(content: Any) -> Any:
    if isinstance(content, dict):
        return {str(key).lower(): _lowered(value) for key, value in content.items()}
    return content


def _numbered(items: list[Any]) -> list[tuple[str, Any]]:
    return [(str(index), item) for index, item in enumerate(items)]


def _at(path: str) -> str:
    return f"{HOST_FILE}: `{path}`"
