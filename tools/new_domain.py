"""Write the package of a new domain, with its tests and its README.

make domain NAME=tickets
python -m tools.new_domain tickets --one ticket --key accountId
"""

import argparse
import keyword
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from string import Template
from typing import Final

from domain.names import MEMBER, NAME, SEGMENT, words

TEMPLATE: Final = Path(__file__).with_name("domain_template")

SUFFIX: Final = ".txt"
"""Of templates, so that no tool takes them for code."""

ENDINGS: Final = (("ies", "y"), ("sses", "ss"), ("xes", "x"), ("ches", "ch"), ("s", ""))
"""How plurals end, and what the singular has there."""


def singular(many: str) -> str:
    """Guess the singular of an English plural. Raises ValueError when it does not look like one."""
    for ending, other in ENDINGS:
        if many.endswith(ending) and len(many) > len(ending):
            return many.removesuffix(ending) + other
    raise ValueError(f"{many} does not look like a plural; say what one is called: --one NAME")


def names(many: str, one: str, key: str) -> dict[str, str]:
    """Return what the templates ask for. Raises ValueError."""
    for name, form in ((many, SEGMENT), (one, NAME), (key, MEMBER)):
        if not form.fullmatch(name) or keyword.iskeyword(name):
            raise ValueError(
                f"{name!r} must have the form {form.pattern}, and be no word of Python"
            )
    if many == one:
        raise ValueError(f"one and many must differ; both are {many!r}")
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


def write(folder: Path, told: Mapping[str, str]) -> Iterator[Path]:
    """Write all files below `folder`, which must not be there. Raises FileExistsError."""
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
    parser.add_argument("many", help="name of the package, a plural: tickets")
    parser.add_argument("--one", help="what one is called; left out: guessed from the plural")
    parser.add_argument("--key", default="accountId", help="what a request belongs to")
    options = parser.parse_args(arguments)
    try:
        told = names(options.many, options.one or singular(options.many), options.key)
        for path in write(Path(options.many), told):
            print(path)
    except (ValueError, FileExistsError) as error:
        print(error, file=sys.stderr)
        return 2
    print(f"Read {options.many}/README.md.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
