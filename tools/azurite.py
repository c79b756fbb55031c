"""Run Azurite, the emulator of Azure Storage, alone or for as long as another command runs.

    python -m tools.azurite --data .data/azurite --well-known-ports
    python -m tools.azurite --data .data/tables -- COMMAND ...

The second form gives COMMAND the setting `EO_TABLES`, unless the environment or
local.settings.json names an account: then that is meant, and no Azurite is started.
`UseDevelopmentStorage=true` means an emulator on its usual ports; when none listens there, one
is started. What COMMAND sends to this machine goes past a proxy.
"""

import argparse
import base64
import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tools.app_settings import CONNECTION, app_settings, is_connection, local_settings
from tools.azurite_folder import Busy, Claim, Owner, answers, claimed
from tools.node import MAJOR_MIN, Node

FOLDER: Final = Path(__file__).resolve().parent.parent / "tests" / "azurite"
MAIN: Final = FOLDER / "node_modules" / "azurite" / "dist" / "src" / "azurite.js"

SERVICES: Final = ("Blob", "Queue", "Table")
WELL_KNOWN_PORTS: Final = (10000, 10001, 10002)
"""Where `UseDevelopmentStorage=true` looks for blobs, queues and tables."""
FREE_PORTS: Final = (0, 0, 0)

ACCOUNT: Final = "devstoreaccount1"
KEY: Final = (
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)
"""Published with the emulator: no secret."""

ADDRESS: Final = "address"
"""File in the data folder with the connection string, for as long as the emulator runs."""

DEVELOPMENT: Final = "UseDevelopmentStorage=true"

LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")

START_SECONDS_MAX: Final = 60.0
STOP_SECONDS_MAX: Final = 35.0
"""More than stop-with-parent.js allows for writing the files."""


class AzuriteError(Exception):
    """Azurite did not start; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Azurite:
    """A running emulator."""

    pid: int
    ports: tuple[int, int, int]
    """Of blobs, queues and tables, on 127.0.0.1."""

    def connection_string(self, account: str = ACCOUNT) -> str:
        """Return the connection string of one of the accounts that it was started with."""
        key = KEY if account == ACCOUNT else account_key(account)
        endpoints = "".join(
            f"{service}Endpoint=http://127.0.0.1:{port}/{account};"
            for service, port in zip(SERVICES, self.ports, strict=True)
        )
        return f"DefaultEndpointsProtocol=http;AccountName={account};AccountKey={key};{endpoints}"


def account_key(account: str) -> str:
    """Return the key of an account made up for a test."""
    return base64.b64encode(account.encode()).decode()


@contextmanager
def running(
    data: Path | None = None,
    ports: Sequence[int] = FREE_PORTS,
    accounts: Sequence[str] = (),
    *,
    join: bool = False,
) -> Iterator[Azurite]:
    """Start Azurite, wait until it answers, and stop it in the end.

    Without `data` it keeps everything in memory. When an Azurite runs on `data` already, its end is
    waited for; with `join` it is used, and goes on. `accounts` are there besides `ACCOUNT`. Raises
    AzuriteError.
    """
    with _folder(data, join=join) as folder:
        if isinstance(folder, Owner):
            yield Azurite(folder.pid, folder.ports)
            return
        process = _start(data, ports, accounts, folder)
        try:
            azurite = Azurite(process.pid, _wait_for_ports(process))
            if folder is not None:
                folder.announce(Owner(azurite.pid, azurite.ports))
            with _address(data, azurite):
                yield azurite
        finally:
            _stop(process)


@contextmanager
def _address(data: Path | None, azurite: Azurite) -> Iterator[None]:
    """Note the connection string beside the data, for the commands of operators."""
    if data is None:
        yield
        return
    (data / ADDRESS).write_text(azurite.connection_string() + "\n", encoding="utf-8")
    try:
        yield
    finally:
        (data / ADDRESS).unlink(missing_ok=True)


@contextmanager
def _folder(data: Path | None, *, join: bool) -> Iterator[Claim | Owner | None]:
    if data is None:
        yield None
        return
    try:
        with claimed(data, join=join) as folder:
            yield folder
    except Busy as busy:
        raise AzuriteError(str(busy)) from None


def _start(
    data: Path | None, ports: Sequence[int], accounts: Sequence[str], folder: Claim | None
) -> subprocess.Popen[str]:
    node = Node.find()
    if node is None:
        raise AzuriteError(f"no Node.js {MAJOR_MIN} or newer: run `make test`, which installs one")
    if not MAIN.is_file():
        raise AzuriteError("Azurite is not installed: run `make test`, which installs it")
    keys = [(ACCOUNT, KEY), *((account, account_key(account)) for account in accounts)]
    command = [str(node.node), "--require", str(FOLDER / "stop-with-parent.js"), str(MAIN)]
    return subprocess.Popen(
        [*command, *_options(data, ports)],
        stdin=subprocess.PIPE,  # see stop-with-parent.js
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=dict(os.environ, AZURITE_ACCOUNTS=";".join(f"{name}:{key}" for name, key in keys)),
        start_new_session=True,  # Ctrl-C is for the command that uses it
        pass_fds=() if folder is None else (folder.file,),  # it holds the lock until it has ended
    )


def _options(data: Path | None, ports: Sequence[int]) -> list[str]:
    options = [
        "--silent",
        "--disableTelemetry",
        "--skipApiVersionCheck",  # the SDKs are newer than any emulator
        "--disableProductStyleUrl",
    ]
    for service, port in zip(SERVICES, ports, strict=True):
        options += [f"--{service.lower()}Host", "127.0.0.1", f"--{service.lower()}Port", str(port)]
    if data is None:
        return [*options, "--inMemoryPersistence"]
    return [*options, "--location", str(data)]


def _wait_for_ports(process: subprocess.Popen[str]) -> tuple[int, int, int]:
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(process, lines), daemon=True).start()
    deadline = time.monotonic() + START_SECONDS_MAX
    found: dict[str, int] = {}
    seen: list[str] = []
    while len(found) < len(SERVICES):
        try:
            line = lines.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            raise AzuriteError(
                f"Azurite is not ready after {START_SECONDS_MAX} s: {seen}"
            ) from None
        if line is None:
            raise AzuriteError("Azurite ended at once:\n" + "".join(seen))
        seen.append(line)
        if match := re.search(r"(\w+) service is successfully listening at .*:(\d+)", line):
            found[match[1]] = int(match[2])
    return found["Blob"], found["Queue"], found["Table"]


def _read(process: subprocess.Popen[str], lines: queue.SimpleQueue[str | None]) -> None:
    """Pass on its output to the end: a full pipe would stop it."""
    assert process.stdout is not None
    with process.stdout as output:
        for line in output:
            lines.put(line)
    lines.put(None)


def _stop(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    with suppress(BrokenPipeError):
        process.stdin.close()
    try:
        process.wait(STOP_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def needs_emulator(app: Path) -> bool:
    """Tell whether neither the environment nor local.settings.json names a store that is there.

    Raises AzuriteError when local.settings.json cannot be read.
    """
    try:
        settings = app_settings(os.environ, local_settings(app))
    except (OSError, ValueError) as error:
        raise AzuriteError(str(error)) from None
    found = [text for name, text in settings.items() if is_connection(name)]
    return not found or (found == [DEVELOPMENT] and not usual_emulator_answers())


def usual_emulator_answers() -> bool:
    """Tell whether something listens where `UseDevelopmentStorage=true` looks for tables."""
    return answers(WELL_KNOWN_PORTS[SERVICES.index("Table")])


def run_with(command: Sequence[str], data: Path, *, join: bool) -> int:
    """Run `command` with an Azurite of its own if it needs one, and return its exit code."""
    environ = past_the_proxy(os.environ)
    if not needs_emulator(Path.cwd()):
        return _wait(subprocess.Popen(command, env=environ))
    with running(data, join=join) as azurite:
        print(f"Azurite (process {azurite.pid}) keeps the tables in {data}", file=sys.stderr)
        tables = {**environ, CONNECTION: azurite.connection_string()}
        return _wait(subprocess.Popen(command, env=tables))


def past_the_proxy(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment with this machine among the names that no proxy is asked for."""
    known = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
    names = ",".join([*(each for each in known.split(",") if each), *LOOPBACK])
    return {**environ, "NO_PROXY": names, "no_proxy": names}


def _wait(process: subprocess.Popen[bytes]) -> int:
    """Wait for the command. It is the one that Ctrl-C and SIGTERM are meant for."""
    print(f"The command is process {process.pid}: kill -9 {process.pid}", file=sys.stderr)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal sends it to the command as well
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    code = process.wait()
    return code if code >= 0 else 128 - code


def run_alone(data: Path, ports: Sequence[int]) -> int:
    """Run Azurite until Ctrl-C or SIGTERM."""
    stop = threading.Event()
    with running(data, ports) as azurite:
        for signal_number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(signal_number, lambda *_: stop.set())
        for service, port in zip(SERVICES, azurite.ports, strict=True):
            print(f"{service:5} http://127.0.0.1:{port}/{ACCOUNT}", file=sys.stderr)
        print(f"Data in {data}. Ctrl-C stops it.", file=sys.stderr)
        stop.wait()
    return 0


def main() -> int:
    """Parse the arguments and do it."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.azurite",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, required=True, help="folder for its files")
    parser.add_argument("--well-known-ports", action="store_true", help="10000 to 10002")
    parser.add_argument("--join", action="store_true", help="use the one that runs on these data")
    parser.add_argument("command", nargs="*", help=f"run this, with {CONNECTION} set")
    arguments = parser.parse_args()
    try:
        if arguments.command:
            return run_with(arguments.command, arguments.data, join=arguments.join)
        ports = WELL_KNOWN_PORTS if arguments.well_known_ports else FREE_PORTS
        return run_alone(arguments.data, ports)
    except AzuriteError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
