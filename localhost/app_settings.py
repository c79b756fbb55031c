"""App settings: environment variables, those of local.settings.json, and what refers to them."""

import re
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Any, Final

from localhost import newtonsoft
from localhost.errors import StartError

LOCAL_SETTINGS_FILE: Final = "local.settings.json"
_REFERENCE: Final = re.compile(r"%([^%]+)%")


def load_local_settings(app: Path, environ: MutableMapping[str, str]) -> None:
    """Copy `Values` of the app's local.settings.json into `environ`.

    A name that is there already and not empty stays as it is, as with Core Tools. A missing file
    is no error. Raises StartError when the file cannot be read or is encrypted.
    """
    path = app / LOCAL_SETTINGS_FILE
    if not path.is_file():
        return
    content = read_json_object(path)
    if content.get("IsEncrypted") is True:
        raise StartError(f"{LOCAL_SETTINGS_FILE} is encrypted; run `func settings decrypt` first")
    values = content.get("Values", {})
    if not isinstance(values, dict):
        raise StartError(f"{LOCAL_SETTINGS_FILE}: `Values` must be an object")
    for name, value in values.items():
        if isinstance(value, dict | list):
            raise StartError(f"{LOCAL_SETTINGS_FILE}: the value of {name!r} must be a string")
        if not environ.get(name):
            # As .NET configuration shows a JSON scalar: text, `True`, `5`, nothing for null.
            environ[name] = "" if value is None else str(value)


def read_json_object(path: Path) -> dict[str, Any]:
    """Return the JSON object in a file, read as .NET reads it. Raises StartError."""
    try:
        content = newtonsoft.parse(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise StartError(f"cannot read {path.name}: {error}") from error
    if not isinstance(content, dict):
        raise StartError(f"{path.name} must hold a JSON object")
    return content


def resolve(text: str, environ: Mapping[str, str], where: str) -> str:
    """Replace each `%NAME%` by the app setting. Raises StartError naming `where` and the setting.

    Source: WebJobs' name resolver, applied to queue and hub names, schedules and the like.
    """

    def value(match: re.Match[str]) -> str:
        found = environ.get(match[1])
        if not found:
            raise StartError(f"{where}: the app setting {match[1]!r} of {text!r} is not set")
        return found

    return _REFERENCE.sub(value, text)


def read_count(name: str, environ: Mapping[str, str], default: int, most: int) -> int:
    """Return an app setting that is a number from 1 to `most`. Raises StartError."""
    text = environ.get(name) or str(default)
    if not text.isdecimal() or not 1 <= int(text) <= most:
        raise StartError(f"{name} must be from 1 to {most}, not {text!r}")
    return int(text)


def is_disabled(function: str, environ: Mapping[str, str]) -> bool:
    """Tell whether `AzureWebJobs.<name>.Disabled` (or with underscores) switches it off."""
    names = (f"AzureWebJobs.{function}.Disabled", f"AzureWebJobs_{function}_Disabled")
    return any(environ.get(name, "").strip().lower() in {"1", "true"} for name in names)
