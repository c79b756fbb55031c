"""`python -m localhost check APP`: what an app uses, and how well each part of it is known.

Exit code 0, 1 when the app uses something that is not built, 2 when it cannot be loaded.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path

from localhost.app_settings import load_local_settings
from localhost.console import Console
from localhost.dialect import needs_grpc
from localhost.errors import StartError
from localhost.functions import Function, functions_of
from localhost.host_json import HostJson
from localhost.knowledge import HOST_JSON, IN_SOURCE, SDK_2, Basis, Part, of_binding
from localhost.routing import build_routes
from localhost.start_screen import warnings_of
from localhost.taskhub.worker_port import WorkerDied
from localhost.timers import schedule_warnings
from localhost.worker_process import AppBroken
from localhost.workers import WorkerOptions, Workers

START_SECONDS_MAX = timedelta(minutes=1)


def main(arguments: Sequence[str]) -> int:
    """Print the parts that an app uses; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m localhost check", description=__doc__)
    parser.add_argument("app", type=Path, nargs="?", default=Path(), help="folder of the app")
    app = parser.parse_args(arguments).app.resolve()
    try:
        load_local_settings(app, os.environ)
        functions = asyncio.run(_load(app))
        host = HostJson.read(app, os.environ)
        build_routes(functions, host.route_prefix())
    except (AppBroken, WorkerDied, StartError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    parts = list(parts_of(functions, host, app))
    for line in _table(parts):
        print(line)
    for line in (
        *host.warnings(),
        *warnings_of(functions),
        *schedule_warnings(functions, os.environ),
    ):
        print(f"warning: {line}")
    return int(any(part.basis is Basis.NOT_BUILT for part, _ in parts))


async def _load(app: Path) -> list[Function]:
    workers = Workers(app, os.environ, Console(), WorkerOptions(function_timeout=START_SECONDS_MAX))
    try:
        return functions_of(await workers.start(), os.environ)
    finally:
        await workers.stop()


def parts_of(
    functions: Sequence[Function], host: HostJson, app: Path
) -> Iterator[tuple[Part, list[str]]]:
    """Return each part that an app uses, with the functions or files that use it."""
    by_kind: dict[str, list[str]] = {}
    for function in functions:
        for binding in function.bindings:
            by_kind.setdefault(str(binding["type"]), []).append(function.name)
    for kind, names in by_kind.items():
        yield of_binding(kind), sorted(set(names))
    if grpc := sorted({each.name for each in functions if needs_grpc([each])}):
        yield SDK_2, grpc
    for path, part in HOST_JSON.items():
        if host.value(path) is not None:
            yield part, ["host.json"]
    if list(app.glob("*/function.json")):
        yield Part("apps of the v1 programming model", Basis.NOT_BUILT), ["function.json"]
    yield from _in_source(app)


def _in_source(app: Path) -> Iterator[tuple[Part, list[str]]]:
    files = [file for file in app.rglob("*.py") if not _is_foreign(file.relative_to(app))]
    texts = {str(file.relative_to(app)): file.read_text("utf-8", "replace") for file in files}
    for mark, part in IN_SOURCE.items():
        using = sorted(name for name, text in texts.items() if mark in text)
        if using:
            yield part, using


def _is_foreign(path: Path) -> bool:
    """Whether a file is installed, hidden, or not deployed with an app."""
    tops = {"tests", "node_modules", "localhost"}
    return path.parts[0] in tops or any(part.startswith(".") for part in path.parts)


def _table(parts: Iterable[tuple[Part, list[str]]]) -> Iterator[str]:
    for part, used in sorted(
        parts, key=lambda item: (list(Basis).index(item[0].basis), item[0].name)
    ):
        shown = ", ".join(used[:3]) + (f" and {len(used) - 3} more" if len(used) > 3 else "")  # noqa: PLR2004
        note = f"  ({part.note})" if part.note else ""
        yield f"{part.basis:<10} {part.name}: {shown}{note}"
