"""Is a run of the real app a behaviour of the model? `python -m tests.recording.real`

The app runs on `localhost` with two workers, SQLite and an output hub; requests come over HTTP,
alone and in batches, while workers and host are killed. One trace for each key; TLC follows them
(`model/README.md`). With `--keep FOLDER` the traces stay there, for `python -m model --follow`.
"""

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from model.__main__ import follow
from tests.recording.real.run import HOST, HUB, WORKER, run
from tools import stopping
from tools.terminal import Progress, say


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.recording.real", description=__doc__)
    add = parser.add_argument
    add("--keys", type=int, default=5)
    add("--requests", type=int, default=400)
    told = (
        f"in this order: {WORKER} the workers, {HOST} the host, {HUB} the host with the loss of its"
        " task hub; a third death of a worker ends a host (wwhwwhwl)"
    )
    add("--kills", default="wwhwwhwl", metavar="LETTERS", help=told)
    add("--keep", type=Path, metavar="FOLDER", help="for the traces")
    options = parser.parse_args()
    with TemporaryDirectory(prefix="traces-") as made:
        folder = Path(made)
        with Progress("kills", len(options.kills)) as progress:
            left = run(
                folder / "run",
                keys=options.keys,
                requests=options.requests,
                kills=options.kills,
                progress=progress.add,
            )
        traces = left.traces()
        kept = options.keep or folder / "traces"
        kept.mkdir(parents=True, exist_ok=True)
        files = [kept / f"run-{number}.jsonl" for number, _ in enumerate(traces, start=1)]
        for file, lines in zip(files, traces.values(), strict=True):
            file.write_text("".join(f"{line}\n" for line in lines))
        say(f"{len(left.effects):,} changes by {len(left.journals)} processes")
        return follow(files)


if __name__ == "__main__":
    sys.exit(stopping.run(main))
