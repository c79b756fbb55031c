"""Are histories of the simulation behaviours of the model? `python -m tests.recording 4711 4712 …`

Each history is recorded, one trace for each of its keys, and TLC follows them (`model/README.md`).
With `--keep FOLDER` the traces stay there, for `python -m model --follow`.
"""

import argparse
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from model.__main__ import follow
from tests.recording.simulated import record


def main() -> int:
    # As in production: the SDK then decodes without looking for classes.
    os.environ.setdefault("AZURE_FUNCTIONS_DURABLE_STRICT_TYPING", "1")
    parser = argparse.ArgumentParser(prog="python -m tests.recording", description=__doc__)
    parser.add_argument("seeds", type=int, nargs="+", metavar="SEED")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="for the traces")
    options = parser.parse_args()
    with TemporaryDirectory(prefix="traces-") as folder:
        return follow(write(options.seeds, options.keep or Path(folder)))


def write(seeds: list[int], folder: Path) -> list[Path]:
    """Record histories; return the files of their traces."""
    folder.mkdir(parents=True, exist_ok=True)
    files: list[Path] = []
    for seed in seeds:
        for key, lines in record(seed).items():
            files.append(folder / f"history-{seed}-{key}.jsonl")
            files[-1].write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return files


if __name__ == "__main__":
    sys.exit(main())
