"""The settings with which `localhost` runs this app, and the command that does so.

python -m tools.local_run [--tables] OPTIONS OF LOCALHOST...
"""

import os
import sys
from collections.abc import Mapping
from typing import Final

TABLES_OPTION: Final = "--tables"
HUBS: Final = ("TODO_REQUESTS_HUB", "TODO_EVENTS_HUB")
SHARED: Final = ("TODO_STORE", "TodoTables", "TODO_INBOX_TABLE", "TODO_LOG_TABLE")


def local_settings(environ: Mapping[str, str], *, tables: bool = False) -> dict[str, str]:
    """Return the settings to add: the store, the event hubs, and what a standby must share.

    The TODOs are in a file of the data folder, or with `tables` in what `TodoTables` names. The
    event hubs are those of `localhost`, unless the environment has a connection.
    """
    settings = {
        "TODO_STORE": "tables" if tables else "sqlite:%LOCALHOST_DATA%/todos.db",
        "LOCALHOST_SHARED_SETTINGS": ",".join(SHARED),
        "LOCALHOST_EVENT_HUB_NAMES": ",".join(environ.get(name, "").strip() for name in HUBS),
    }
    if tables and not any(name.startswith("TodoTables") for name in environ):
        settings["TodoTables"] = "UseDevelopmentStorage=true"
    if not environ.get("EventHubs") and not environ.get("EventHubs__fullyQualifiedNamespace"):
        settings["EventHubs"] = "%LOCALHOST_EVENT_HUBS%"
    return settings


def main() -> None:
    """Become `python -m localhost`."""
    options = [option for option in sys.argv[1:] if option != TABLES_OPTION]
    settings = local_settings(os.environ, tables=TABLES_OPTION in sys.argv)
    command = [sys.executable, "-m", "localhost", *options]
    os.execve(sys.executable, command, {**os.environ, **settings})  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main()
