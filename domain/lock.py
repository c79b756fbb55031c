"""The lock file of a domain: what its released versions are, so that nobody edits one.

Rows of the log name the version that made them, and the auditor folds them again. So a version that
was released keeps its types and what it makes of its story; a change is a new version beside it.

    python -m domain.lock examples.invoices            exit 1 when a released version differs
    python -m domain.lock --write examples.invoices    add the versions that are not locked
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from domain.checks import written_payload
from domain.decider import Decider, FoldFailed, Unreadable
from domain.domain import AnyDomain, Domain
from domain.strict_json import canonical
from domain.versions import Version

FILE: Final = "released.json"
"""Beside the package's `__init__.py`."""

WAYS_OUT: Final = (
    "Write a change as the next version, beside the one that rows name. Where no row does, because"
    " nothing was deployed, delete {file}. Then: .venv/bin/python -m domain.lock --write {package}"
)

SCHEMAS: Final = ("request", "output", "state")


def released(domain: AnyDomain, number: int) -> dict[str, Any]:
    """Describe a version: its schemas, its story, and a hash of what it makes of that.

    Raises FoldFailed and Unreadable when the examples are not for it.
    """
    story = [written_payload(domain, request) for request, _ in domain.examples]
    version = domain.compiled[number]
    return {**_schemas(version), "story": story, "folded": _folded(domain, number, story)}


def differences(domain: AnyDomain, lock: Mapping[str, Any]) -> Iterator[str]:
    """Say what is not as it was released, and what is not locked yet."""
    if lock and lock["key"] != domain.key.shape.schema(asked=True):
        yield f"{domain.name}: the type of the key was released and differs"
    for number, kept in lock.get("versions", {}).items():
        yield from _changes(domain, int(number), kept)
    for number in domain.compiled:
        if str(number) not in lock.get("versions", {}):
            yield f"{domain.name}: version {number} is not locked"


def _changes(domain: AnyDomain, number: int, kept: Mapping[str, Any]) -> Iterator[str]:
    name = f"{domain.name}: version {number} was released and"
    version = domain.compiled.get(number)
    if version is None:
        yield f"{name} is gone; rows of the log name it"
        return
    schemas = _schemas(version)
    for each in SCHEMAS:
        if schemas[each] != kept[each]:
            yield f"{name} the schema of its {each} differs"
    try:
        if _folded(domain, number, kept["story"]) != kept["folded"]:
            yield f"{name} makes something else of its story"
    except (FoldFailed, Unreadable) as error:
        yield f"{name} cannot fold its story: {error}"


def _schemas(version: Version) -> dict[str, Any]:
    shapes = {"request": version.request, "output": version.output, "state": version.state}
    return {name: shape.schema(asked=name == "request") for name, shape in shapes.items()}


def _folded(domain: AnyDomain, number: int, story: Sequence[str]) -> str:
    decider, state, hashed = Decider(domain), None, hashlib.sha256()
    for place, payload in enumerate(story, start=1):
        folded = decider.fold_with(number, payload, place, state)
        state = folded.state
        hashed.update(canonical([folded.output, folded.refused, state]).encode())
    return hashed.hexdigest()


def load(package: str) -> tuple[AnyDomain, Path]:
    """Import a package and find the domain that it declares, and the place of its lock file.

    Raises ImportError and LookupError.
    """
    module = import_module(package)
    found = {id(each): each for each in vars(module).values() if isinstance(each, Domain)}
    if len(found) != 1 or module.__file__ is None:
        raise LookupError(f"{package} must declare one Domain; it has {len(found)}")
    return next(iter(found.values())), Path(module.__file__).with_name(FILE)


def read(path: Path) -> dict[str, Any]:
    """Read a lock file; nothing is locked where there is none."""
    if not path.exists():
        return {}
    lock: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return lock


def write(domain: AnyDomain, path: Path) -> None:
    """Add the versions that are not locked. What is locked stays as it is."""
    lock = {"key": domain.key.shape.schema(asked=True), **read(path)}
    kept = lock.setdefault("versions", {})
    for number in sorted(domain.compiled):
        if str(number) not in kept:
            kept[str(number)] = released(domain, number)
    path.write_text(json.dumps(lock, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def main(arguments: Sequence[str]) -> int:
    """Check or write the lock files of some packages; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m domain.lock", description=__doc__)
    parser.add_argument("packages", nargs="+", help="packages that declare a domain")
    parser.add_argument("--write", action="store_true", help="add versions that are not locked")
    options = parser.parse_args(arguments)
    wrong: list[str] = []
    for package in options.packages:
        domain, path = load(package)
        if options.write:
            write(domain, path)
        found = list(differences(domain, read(path)))
        if found:
            file = f"{package.replace('.', '/')}/{FILE}"
            found.append(WAYS_OUT.format(file=file, package=package))
        wrong += found
    sys.stderr.writelines(f"{each}\n" for each in wrong)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
