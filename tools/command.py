"""What the commands for operators have in common: arguments, settings, and how they end.

Exit codes: 0 done; 1 not so, for the reason that is printed; 2 wrong arguments or settings; 3 the
store or the disk does not answer (repeat it); 130 stopped by Ctrl-C.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from domain.domain import AnyDomain
from store.open import SETTING, beside, open_store, sqlite_path
from store.ports.records import Missing, StoreError, Unusable
from store.ports.store import Store
from tools import stopping
from tools.app_settings import CONNECTION, app_settings, local_settings
from tools.azurite import DEVELOPMENT, usual_emulator_answers
from tools.domains import load_domain
from tools.terminal import one_line

ADDRESS: Final = Path("tables") / "address"
"""Within the data folder: the connection string of the emulator that runs on it."""

DATA: Final = Path(".data")

DONE: Final = 0
NOT_SO: Final = 1
WRONG: Final = 2
NO_ANSWER: Final = 3


class Refused(Exception):
    """The command does not do it, for the reason that is given."""


@dataclass(frozen=True, slots=True)
class Target:
    """What a command works on."""

    domain: AnyDomain
    spec: str
    environ: Mapping[str, str]

    def store(self, *, create: bool = False) -> Store:
        """Open the store as the app does; what is not there is not made unless `create`."""
        return open_store(self.spec, self.domain.plural, self.environ, create=create)


def parser(name: str, description: str | None) -> argparse.ArgumentParser:
    """Return a parser with the options that every command has."""
    made = argparse.ArgumentParser(
        prog=f"python -m tools.{name}",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[everywhere()],
    )
    made.set_defaults(store=None, domain=None, data=None)
    return made


def everywhere() -> argparse.ArgumentParser:
    """What goes before the name of a sub-command and behind it: no defaults, which would undo
    the other.
    """
    options = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    options.add_argument("--store", help=f"tables or sqlite:<path>; default: {SETTING}")
    options.add_argument(
        "--domain", metavar="MODULE", help="that declares it; default: the first of function_app.py"
    )
    options.add_argument(
        "--data",
        type=Path,
        metavar="FOLDER",
        help="of `make run`, whose emulator is meant when no connection is set; default: .data/MODULE or .data",
    )
    return options


def target(arguments: argparse.Namespace, environ: Mapping[str, str] = os.environ) -> Target:
    """Find domain and store: arguments, then the environment, then local.settings.json.

    A SQLite file beside the one of the setting is meant when the domain has one of its own.
    Raises OSError and ValueError.
    """
    domain = load_domain(arguments.domain)
    values = app_settings(environ, local_settings())
    spec = arguments.store or values.get(SETTING) or "tables"
    path = sqlite_path(spec)
    if path is not None and beside(path, domain.plural).exists():
        spec = f"sqlite:{beside(path, domain.plural)}"
    if path is None:
        values = _with_local_tables(values, arguments.data or _data_of(arguments.domain))
    return Target(domain, spec, values)


def _data_of(module: str | None) -> Path:
    """Return where `make run DOMAIN=…` has its emulator; `.data` where that one did not start any."""
    own = DATA / (module or "")
    return own if (own / ADDRESS).exists() else DATA


def _with_local_tables(values: Mapping[str, str], data: Path) -> dict[str, str]:
    """Add the connection to the emulator of `make run STORAGE=tables`, where it is the one meant:
    nothing else is set, or only the sample's `UseDevelopmentStorage=true`, where nobody listens.
    """
    try:
        noted = {CONNECTION: (data / ADDRESS).read_text(encoding="utf-8").strip()}
    except FileNotFoundError:
        return dict(values)
    if values.get(CONNECTION) == DEVELOPMENT and not usual_emulator_answers():
        return {**values, **noted}
    return app_settings(values, noted)


def run(main: Callable[[], Coroutine[Any, Any, int]]) -> int:
    """Run a command; turn failures into a line on standard error and an exit code."""
    return stopping.run(lambda: _run(main))


def _run(main: Callable[[], Coroutine[Any, Any, int]]) -> int:
    try:
        return asyncio.run(main())
    except Refused as refused:
        return say(NOT_SO, refused)
    except Missing as error:
        return say(NO_ANSWER, f"Nothing has been stored yet, or the name is wrong: {error}.")
    except StoreError as error:
        what = "cannot be used" if isinstance(error, Unusable) else "does not answer"
        return say(NO_ANSWER, f"The store {what}: {error}")
    except ValueError as error:
        return say(WRONG, error)
    except OSError as error:
        return say(NO_ANSWER, error)


def say(code: int, what: object) -> int:
    """Print a line on standard error and return the code."""
    print(one_line(str(what)), file=sys.stderr)
    return code
