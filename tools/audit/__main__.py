"""Audit: check in storage that the logs are consistent.

    python -m tools.audit [--domain MODULE] [--store tables | sqlite:<path>] [--key KEY] [--json]

For every key: the places are 1 to what the head says, without a hole; each request id owns one
entry and each entry one request row that says the same; every row is under its own key; the ids
keep their grammar; folding the payloads again, with the versions that the rows name, makes the same
outputs and the state of the head (the first entry that differs is shown); the published cursor is
not ahead. Notes tell what is allowed and worth knowing: nothing is folded behind an entry whose
payload was erased, and entries that were appended while publishing was off are published with the
next one of their key.

It only reads, and the app may be running: `tools.audit.auditing` says in which order it reads, and
why it tells no false violations then. What was appended meanwhile is checked by the next audit.

The store is the one of the app: EO_STORE and its connection, from the environment or from `Values`
of local.settings.json, or `--store`. With `--json` every line is a JSON object.

Exit codes: 0 all is well; 1 violations were found and printed; 2 wrong arguments or settings; 3 the
store could not be read to the end; 130 stopped.
"""

import argparse
import sys
from collections.abc import Sequence

from tools import command
from tools.audit.auditing import KeyAudit
from tools.audit.findings import Report, Severity
from tools.stored.open import open_reader
from tools.stored.port import Reader
from tools.terminal import Progress


async def audit(
    target: command.Target, reader: Reader, report: Report, key: str | None = None
) -> int:
    """Audit one key, or all there are; return the exit code. Raises Unknown."""
    progress = Progress("entries")
    auditor = KeyAudit(reader, target.domain, report.checked, progress)

    async def one(key: str) -> None:
        async for finding in auditor.findings(key):
            report.add(finding)

    try:
        if key is not None:
            await one(key)
        else:
            async for each in reader.keys():
                await one(each)
    finally:
        progress.end()
        auditor.close()
    report.end(reader.name)
    return command.NOT_SO if report.found[Severity.VIOLATION] else command.DONE


async def main(arguments: argparse.Namespace) -> int:
    """Open the store, audit it, close it."""
    target = command.target(arguments)
    reader = open_reader(target.spec, target.domain.plural, target.environ)
    try:
        singular = target.domain.key.singular
        report = Report(as_json=arguments.json, what=singular)
        return await audit(target, reader, report, arguments.key)
    finally:
        await reader.close()


def parse(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the arguments. Ends the program with code 2 when they are wrong."""
    parser = command.parser("audit", __doc__)
    parser.add_argument("--key", help="this one only")
    parser.add_argument("--json", action="store_true", help="a JSON object per line")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(command.run(lambda: main(parse())))
