"""The settings of the app, where a command finds them on the machine of an operator."""

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

LOCAL_SETTINGS: Final = Path("local.settings.json")


def app_settings(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment, and behind it `Values` of local.settings.json, if it is there.

    Raises OSError or ValueError when the file cannot be read.
    """
    values: dict[str, str] = {}
    with suppress(FileNotFoundError):
        content = json.loads(LOCAL_SETTINGS.read_text(encoding="utf-8-sig"))
        values = {name: str(text) for name, text in (content.get("Values") or {}).items()}
    return values | {name: text for name, text in environ.items() if text}
