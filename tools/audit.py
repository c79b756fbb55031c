"""Audit: prove from storage alone that every log is what the app promises.

    python -m tools.audit [--store tables | sqlite:<path>] [--project N] [--json]

For every project: its ids are 1 to what its head says, without a hole; each request id owns one
TODO and each TODO one request row with the same content; every row is under its own key; the
published cursor is not ahead. Inbox rows of requests that are in the log already are notes: the
sweeper removes them. A SQLite store keeps the content of a TODO once, so that a content which was
replaced by another one is not seen there.

It only reads, and the app may be running: `tools.auditing` says in which order it reads, and why
it tells no false violations then. What was appended meanwhile is proved by the next audit.

The store is the one of the app: TODO_STORE and its connection, from the environment or from
`Values` of local.settings.json, or `--store`. With `--json` every line is a JSON object.

Exit codes: 0 all is well; 1 violations were found and printed; 2 wrong arguments or settings, or
the store could not be read to the end.
"""

import argparse
import asyncio
import os
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from store.audit_open import open_audit
from store.audit_port import AuditReader
from store.port import Unknown
from todos.wire import PROJECT_ID_MAX, parse_integer
from tools.app_settings import app_settings
from tools.auditing import ProjectAudit
from tools.findings import Finding, Report

WELL: Final = 0
VIOLATED: Final = 1
UNREADABLE: Final = 2


async def audit(reader: AuditReader, report: Report, project_id: int | None = None) -> int:
    """Audit one project, or all there are; return the exit code. Raises Unknown."""
    checked: Counter[str] = Counter()
    if project_id is not None:
        await _project(reader, report, project_id, checked)
    else:
        async for partition in reader.partitions():
            await _partition(reader, report, partition, checked)
    report.end(checked)
    return VIOLATED if report.violations else WELL


async def _partition(
    reader: AuditReader, report: Report, partition: str, checked: Counter[str]
) -> None:
    try:
        project_id = parse_integer(partition, 1, PROJECT_ID_MAX)
    except ValueError as error:
        report.add(Finding(partition, "all", f"is not the partition of a project: {error}"))
    else:
        await _project(reader, report, project_id, checked)


async def _project(
    reader: AuditReader, report: Report, project_id: int, checked: Counter[str]
) -> None:
    async for finding in ProjectAudit(reader, project_id, checked).findings():
        report.add(finding)


async def run(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Open the store, audit it, close it; turn failures into exit codes and a line on stderr."""
    try:
        values = app_settings(environ)
        reader = open_audit(arguments.store or values.get("TODO_STORE") or "tables", values)
    except (OSError, ValueError, Unknown) as error:
        print(error, file=sys.stderr)
        return UNREADABLE
    try:
        return await audit(reader, Report(as_json=arguments.json), arguments.project)
    except Unknown as error:
        print(f"The store cannot be read to the end: {error}", file=sys.stderr)
        return UNREADABLE
    finally:
        await reader.close()


def parse(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the arguments. Ends the program with code 2 when they make no sense."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.audit",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--store", help="tables or sqlite:<path>; default: TODO_STORE")
    parser.add_argument("--project", type=_project_id, metavar="N", help="this one only")
    parser.add_argument("--json", action="store_true", help="a JSON object per line")
    return parser.parse_args(argv)


def _project_id(text: str) -> int:
    return parse_integer(text, 1, PROJECT_ID_MAX)


def main() -> int:
    """Run the command."""
    return asyncio.run(run(parse(), os.environ))


if __name__ == "__main__":
    sys.exit(main())
