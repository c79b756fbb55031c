"""The settings of the app, where a command finds them on the machine of an operator."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from settings.json_file import read_object

LOCAL_SETTINGS: Final = Path("local.settings.json")

CONNECTION: Final = "EO_TABLES"
"""To the account of the log: a connection string, or with `__` and more, the parts of one."""


def app_settings(*sources: Mapping[str, str]) -> dict[str, str]:
    """Merge settings, of which earlier ones come before later ones; an empty one is none.

    The connection is taken whole from the first source that has any part of it: two halves, or a
    connection string beside an address, would name an account that nobody meant.
    """
    merged: dict[str, str] = {}
    for source in sources:
        given = {name: text for name, text in source.items() if text}
        if any(map(is_connection, merged)):
            given = {name: text for name, text in given.items() if not is_connection(name)}
        merged = given | merged
    return merged


def is_connection(name: str) -> bool:
    """Tell whether a setting is one of the connection."""
    return name.casefold().split("__")[0] == CONNECTION.casefold()


def local_settings(folder: Path = Path()) -> dict[str, str]:
    """Return `Values` of local.settings.json, if it is there. Raises OSError and ValueError."""
    try:
        values = read_object(folder / LOCAL_SETTINGS).get("Values") or {}
    except FileNotFoundError:
        return {}
    if not isinstance(values, dict):
        raise ValueError(f"{LOCAL_SETTINGS}: `Values` must be an object")  # noqa: TRY004 - a bad setting
    return {name: str(text) for name, text in values.items()}
