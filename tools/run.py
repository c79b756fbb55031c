"""Run the app on this machine: `localhost` with the settings that the app needs there.

    python -m tools.run --port 7071 --data .data [--storage sqlite|tables] [options of localhost]

What the environment sets already is left alone. With `--storage tables` the account is the one of
EO_TABLES: `tools.azurite` starts an emulator and sets it (`make run STORAGE=tables`).
"""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

TASK_HUB: Final = "Local"

STORE_FILE: Final = "store.db"

HUBS: Final = ("EO_REQUESTS_HUB", "EO_EVENTS_HUB")

SHARED: Final = ("EO_STORE", "EO_TABLES")


def settings_for(data: Path, storage: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of the host: this one, and what is missing in it."""
    given = {name: text for name, text in environ.items() if text}
    hubs = ",".join(filter(None, (given.get(each, "") for each in HUBS)))
    missing = {
        "EO_STORE": "tables" if storage == "tables" else f"sqlite:{data / STORE_FILE}",
        "EO_TASK_HUB": TASK_HUB,
        # To `localhost`: what a standby has to share with its owner, and which hubs to serve.
        "LOCALHOST_SHARED_SETTINGS": ",".join(SHARED),
        "LOCALHOST_EVENT_HUB_NAMES": ",".join(e.rpartition("=")[2] for e in hubs.split(",")),
    }
    if not any(name.startswith("EventHubs__") for name in given):
        missing["EventHubs"] = "%LOCALHOST_EVENT_HUBS%"
    return {**missing, **given}


def main(args: Sequence[str]) -> int:
    """Become `localhost`; never returns but for an error."""
    parser = argparse.ArgumentParser(prog="python -m tools.run", description=__doc__)
    parser.add_argument("--port", type=int, default=7071)
    parser.add_argument("--data", type=Path, default=Path(".data"))
    parser.add_argument("--storage", choices=["sqlite", "tables"], default="sqlite")
    options, others = parser.parse_known_args(args)
    data = options.data.absolute()
    try:
        data.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        print(f"--data {options.data}: {error.strerror}", file=sys.stderr)
        return 1
    command = [sys.executable, "-m", "localhost", "--port", str(options.port), "--data", str(data)]
    environ = settings_for(data, options.storage, os.environ)
    os.execve(sys.executable, [*command, *others], environ)  # noqa: S606 - no shell is meant
    raise AssertionError("this process is another one now")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
