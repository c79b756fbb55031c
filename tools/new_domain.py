"""Write the package of a new domain, with its tests and its README.

make domain NAME=tickets
python -m tools.new_domain tickets --one ticket --key accountId
"""

import argparse
import keyword
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from string import Template
from typing import Final

from domain import Domain, Key
from domain.names import MEMBER, NAME, SEGMENT, words

TEMPLATE: Final = Path(__file__).with_name("domain_template")

SUFFIX: Final = ".txt"
"""Of templates, so that no tool takes them for code."""

ENDINGS: Final = (("ies", "y"), ("sses", "ss"), ("xes", "x"), ("ches", "ch"), ("s", ""))
"""How plurals end, and what the singular has there."""

UNSURE: Final = re.compile(r"(?<!s)ses$|(?:v|o)es$|series$|(?:u|i|s|w)s$")
"""Plurals of which nobody can tell (buses, houses; leaves, caves), and words that are none."""

IN_TEMPLATE: Final = frozenset({"Annotated", "Domain", "Final", "Key", "Meta", "Refused"})
"""What the files have already, so that no class can be called so."""

FUNCIGNORE: Final = Path(".funcignore")

PUBLISHED: Final = """
!/[{first}]{rest}/
/{package}/*
!/{package}/*.py
"""


def singular(many: str) -> str:
    """Guess the singular of an English plural. Raises ValueError when it does not look like one."""
    if not UNSURE.search(many):
        for ending, other in ENDINGS:
            if many.endswith(ending) and len(many) > len(ending):
                return many.removesuffix(ending) + other
    raise ValueError(f'what is one of {many} called? Say so: ARGS="--one NAME"')


def names(many: str, one: str, key: str) -> dict[str, str]:
    """Return what the templates ask for. Raises ValueError."""
    for name, form in ((many, SEGMENT), (one, NAME), (key, MEMBER)):
        if not form.fullmatch(name) or keyword.iskeyword(name):
            raise ValueError(
                f"{name!r} must have the form {form.pattern}, and be no word of Python"
            )
    if find_spec(many) is not None:
        raise ValueError(f"there is a module called {many} already")
    if one.capitalize() in IN_TEMPLATE:
        raise ValueError(f"one must not be {one!r}: {one.capitalize()} is a word of the kit")
    _declare(many, one, key)
    return {
        "package": many,
        "many": many,
        "Many": many.capitalize(),
        "MANY": many.upper(),
        "one": one,
        "One": one.capitalize(),
        "decide": f"decide_{one}",
        "key": key,
        "key_word": words(re.sub("Id$", "", key)),
    }


@dataclass(frozen=True, slots=True)
class _Request:
    """With the fields of the template's."""

    subject: str
    priority: int = 3


@dataclass(frozen=True, slots=True)
class _Made:
    """With the fields of the template's."""

    id: int
    subject: str
    priority: int


def _made(request: _Request, last: int) -> tuple[_Made, int]:
    return _Made(last + 1, request.subject, request.priority), last + 1


def _declare(many: str, one: str, key: str) -> None:
    """Have the names checked as those of a declaration are. Raises WrongDomain, a ValueError."""
    examples = [(_Request("First"), _Made(1, "First", 3))]
    Domain(
        name=one,
        plural=many,
        key=Key(key, int),
        empty=0,
        versions={1: _made},
        examples=examples,
    )


def publish(package: str) -> None:
    """Have a package go to Azure with the app, where the file of the app's folder says what does."""
    if FUNCIGNORE.exists():
        lines = PUBLISHED.format(first=package[0], rest=package[1:], package=package)
        with FUNCIGNORE.open("a", encoding="utf-8") as file:
            file.write(lines)


def write(folder: Path, told: Mapping[str, str]) -> Iterator[Path]:
    """Write all files below `folder`, which must not be there. Raises FileExistsError."""
    if folder.exists():
        raise FileExistsError(f"there is a folder called {folder} already")
    folder.mkdir(parents=True)
    for template in sorted(TEMPLATE.rglob(f"*{SUFFIX}")):
        path = folder / template.relative_to(TEMPLATE).as_posix().removesuffix(SUFFIX)
        path.parent.mkdir(exist_ok=True)
        text = Template(template.read_text(encoding="utf-8")).substitute(told)
        path.write_text(text, encoding="utf-8")
        yield path


def main(arguments: Sequence[str]) -> int:
    """Write a package into the current folder; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.new_domain", description=__doc__)
    parser.add_argument("many", nargs="?", help="name of the package, a plural: tickets")
    parser.add_argument("--one", help="what one is called; left out: guessed from the plural")
    parser.add_argument("--key", default="accountId", help="what a request belongs to")
    options = parser.parse_args(arguments)
    if options.many is None:
        print("What is the domain called? Say so: make domain NAME=tickets", file=sys.stderr)
        return 2
    try:
        told = names(options.many, options.one or singular(options.many), options.key)
        for path in write(Path(options.many), told):
            print(path)
        publish(options.many)
    except (ValueError, FileExistsError) as error:
        print(error, file=sys.stderr)
        return 2
    print(f"Read {options.many}/README.md.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
