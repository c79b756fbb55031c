"""The final: five copies of the real system, each with a mistake, none of them named."""

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from tests.mutants import patches
from tests.mutants.patches import Malformed, Mutant
from workshop.catalogue import FOLDER

ROOT: Final = FOLDER.parent
LETTERS: Final = "ABCDE"


def run(answer: str, *, solution: bool) -> int:
    """Prepare the copies and say what to do; or judge an answer; or give it all away."""
    found = mutants()
    if solution:
        for letter, mutant in found.items():
            print(f"{letter}: {told(mutant)}\n")
        return 0
    if answer:
        return judge(found, answer)
    for letter, mutant in found.items():
        prepare(ROOT / ".data" / "final" / letter, mutant)
    story = (FOLDER / "final" / "README.md").read_text(encoding="utf-8")
    print(story)
    return 0


def mutants() -> dict[str, Mutant]:
    """Return the mistakes by the letter of their copy. Raises Malformed or OSError."""
    lines = (FOLDER / "final" / "mutants.txt").read_text(encoding="utf-8").splitlines()
    names = [line for line in lines if line and not line.startswith("#")]
    read = [patches.read(patches.FOLDER / f"{name}.patch") for name in names]
    return dict(zip(LETTERS, read, strict=True))


def prepare(folder: Path, mutant: Mutant) -> None:
    """Copy the checkout without what would give the mistake away, and put the mistake in."""
    if folder.exists():
        return
    unfinished = folder.with_name(f"{folder.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    for name in tracked():
        if name.startswith("workshop/") or name.endswith(".patch"):
            continue
        target = unfinished / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target)
    patches.apply(mutant, unfinished)
    (unfinished / ".venv").symlink_to(ROOT / ".venv")
    for name in mutant.paths:
        shutil.copystat(ROOT / name, unfinished / name)  # its time would give it away
    unfinished.rename(folder)


def tracked() -> list[str]:
    """Return the files of the checkout, as git knows them."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"],  # noqa: S607 - a checkout needs git anyway
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def judge(found: dict[str, Mutant], answer: str) -> int:
    """Say whether an answer, as "A:activities/emit.py", names the file of the mistake."""
    letter, _, path = answer.partition(":")
    mutant = found.get(letter.upper())
    if mutant is None or not path:
        print(f"Answer as ANSWER=A:path/of/the/file.py; the letters are {', '.join(found)}.")
        return 2
    if not (ROOT / path).is_file():
        print(f"There is no such file: {path}. Name it as seen from the root of the copy.")
        return 2
    if path not in mutant.paths:
        print(f"The mistake of {letter.upper()} is not in {path}. Look at a failing history.")
        return 1
    print(f"FOUND. {told(mutant)}")
    return 0


def told(mutant: Mutant) -> str:
    """Say what a mistake is, what it breaks and where it is."""
    return f"{mutant.header.strip()}\n    in {', '.join(mutant.paths)}"


def complaints() -> list[str]:
    """Return what is wrong with the final: names without a patch, patches that do not fit."""
    try:
        found = mutants()
    except (Malformed, OSError, ValueError) as error:
        return [f"final: {error}"]
    wrong: list[str] = []
    for mutant in found.values():
        with tempfile.TemporaryDirectory(prefix="workshop-") as scratch:
            for name in mutant.paths:
                target = Path(scratch) / name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(ROOT / name, target)
            try:
                patches.apply(mutant, Path(scratch))
            except Malformed as error:
                wrong.append(f"final: {error}")
    return wrong
