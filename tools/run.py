"""Run the app on this machine: `localhost` with the settings that the app needs there.

    python -m tools.run --port 7071 --data .data [--storage sqlite|tables] [--domain MODULE]
        [options of localhost]

What the environment sets already is left alone. With `--storage tables` the account is the one of
EO_TABLES: `tools.azurite` starts an emulator and sets it (`make run STORAGE=tables`).

With `--domain` it runs an app with the domain that the module declares, in place of the one in
function_app.py: its three lines are written to a folder of their own, beside a copy of host.json.

It does not start on a store file of another domain or a newer release.
"""

import argparse
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NoReturn

from domain.domain import AnyDomain
from store.open import SETTING, sqlite_path
from store.ports.records import Unknown, Unusable
from store.sqlite.schema import check
from tools.app_settings import CONNECTION, LOCAL_SETTINGS
from tools.domains import load_domain

TASK_HUB: Final = "Local"

STORE_FILE: Final = "store.db"

EMULATOR: Final = "tables"
"""Folder in the data folder that `tools.azurite` may have made before."""

ROOT: Final = Path(__file__).parent.parent

FUNCTION_APP: Final = """from effectively_once import effectively_once
from tools.domains import load_domain

app = effectively_once(load_domain({module!r}))
"""

HUBS: Final = ("EO_REQUESTS_HUB", "EO_EVENTS_HUB")

SHARED: Final = (SETTING, CONNECTION)


def settings_for(data: Path, storage: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of the host: this one, and what is missing in it."""
    given = {name: text for name, text in environ.items() if text}
    hubs = ",".join(filter(None, (given.get(each, "") for each in HUBS)))
    missing = {
        SETTING: "tables" if storage == "tables" else f"sqlite:{data / STORE_FILE}",
        "EO_TASK_HUB": TASK_HUB,
        # To `localhost`: what a standby has to share with its owner, and which hubs to serve.
        "LOCALHOST_SHARED_SETTINGS": ",".join(SHARED),
        "LOCALHOST_EVENT_HUB_NAMES": ",".join(e.rpartition("=")[2] for e in hubs.split(",")),
    }
    if not any(name.startswith("EventHubs__") for name in given):
        missing["EventHubs"] = "%LOCALHOST_EVENT_HUBS%"
    return {**missing, **given}


def make_data_folder(data: Path) -> None:
    """Make it where it is missing, and keep a new one out of git. Raises OSError.

    Wherever it is, what reads .gitignore leaves it alone: git, linters, tools that deploy.
    """
    data.parent.mkdir(parents=True, exist_ok=True, mode=0o700)  # may be `.data`
    data.mkdir(exist_ok=True, mode=0o700)
    if {each.name for each in data.iterdir()} <= {EMULATOR}:
        (data / ".gitignore").write_text("*\n")


def app_with(module: str, data: Path) -> Path:
    """Write the app of a domain; return its folder. Raises OSError."""
    app = data / "app"
    app.mkdir(exist_ok=True)
    (app / "function_app.py").write_text(FUNCTION_APP.format(module=module))
    shutil.copy(ROOT / "host.json", app)
    (app / LOCAL_SETTINGS).unlink(missing_ok=True)
    if (ROOT / LOCAL_SETTINGS).exists():
        shutil.copy(ROOT / LOCAL_SETTINGS, app)
    return app


def refusal(domain: AnyDomain, spec: str) -> str | None:
    """Say why the app would start and answer nothing but errors: its store is another domain's,
    a newer release's or damaged. None where that is not known, as of Azure Storage.
    """
    try:
        path = sqlite_path(spec)
        if path is not None:
            check(path, domain.plural)
    except Unusable as error:
        return f"The store {error} (another folder: make DATA=FOLDER, or --data FOLDER)."
    except (ValueError, Unknown):
        pass  # not there yet, busy, or misspelt: the app makes it, waits, or says so
    return None


def domain_of(module: str | None, others: Sequence[str]) -> AnyDomain | None:
    """Return the domain that is going to run; None where options of `localhost` name another app,
    or that of function_app.py cannot be loaded: its host says why. Raises ValueError.
    """
    if module is not None:
        return load_domain(module)
    if any(Path(each.rpartition("=")[2]).is_dir() for each in others):
        return None
    try:
        return load_domain(None)
    except Exception:  # noqa: BLE001 - whatever the code of an app raises
        return None


def main(args: Sequence[str]) -> int:
    """Become `localhost`; never returns but for an error."""
    parser = argparse.ArgumentParser(prog="python -m tools.run", description=__doc__)
    parser.add_argument("--port", type=int, default=7071)
    parser.add_argument("--data", type=Path, default=Path(".data"))
    parser.add_argument("--storage", choices=["sqlite", "tables"], default="sqlite")
    parser.add_argument("--domain", metavar="MODULE", help="default: what function_app.py names")
    options, others = parser.parse_known_args(args)
    data = options.data.absolute()
    environ = settings_for(data, options.storage, os.environ)
    try:
        domain = domain_of(options.domain, others)
    except ValueError as error:
        return _refuse(f"--domain {options.domain}: {error}")
    if domain is not None and (why := refusal(domain, environ[SETTING])):
        return _refuse(why)
    try:
        make_data_folder(data)
        if options.domain is not None:
            others += ["--app", str(app_with(options.domain, data))]
    except OSError as error:
        return _refuse(f"--data {options.data}: {error.strerror}")
    print(f"The page: http://localhost:{options.port}/api/page", flush=True)
    command = [sys.executable, "-m", "localhost", "--port", str(options.port), "--data", str(data)]
    return _become([*command, *others], environ)


def _refuse(why: str) -> int:
    print(why, file=sys.stderr)
    return 1


def _become(command: list[str], environ: Mapping[str, str]) -> NoReturn:
    os.execve(command[0], command, environ)  # noqa: S606 - no shell is meant


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
