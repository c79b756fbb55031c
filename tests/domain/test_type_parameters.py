"""Request, output and state are type parameters: mypy refuses a declaration that mixes them up."""

import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]

PARCELS: Final = """
from dataclasses import dataclass
from domain import Domain, Key, Refused
from domain.story import given

@dataclass(frozen=True, slots=True)
class Order:
    weight: int

@dataclass(frozen=True, slots=True)
class Label:
    price: int

def label(order: Order, last: int) -> tuple[Label | Refused, int]:
    return Label(order.weight), last + 1

def of_text(order: Order, last: str) -> tuple[Label | Refused, str]:
    return Label(order.weight), last

def declared(key: Key) -> None:
    good: Domain[Order, Label, int] = Domain(
        name="parcel", key=key, empty=0, versions={1: label}, examples=[(Order(1), Label(1))]
    )
    given(good, Order(1)).when(Order(2)).then(Label(2)).leaves(2)
"""

WRONG: Final = {
    "a state": 'Domain[Order, Label, int](name="p", key=key, empty="0", versions={1: label},'
    " examples=[(Order(1), Label(1))])",
    "a function": 'Domain[Order, Label, int](name="p", key=key, empty=0, versions={1: of_text},'
    " examples=[(Order(1), Label(1))])",
    "an example": 'Domain[Order, Label, int](name="p", key=key, empty=0, versions={1: label},'
    " examples=[(Label(1), Order(1))])",
    "a key": 'Domain[Order, Label, int](name="p", key="street", empty=0, versions={1: label},'
    " examples=[(Order(1), Label(1))])",
    "a request of a story": "given(good, Label(1))",
    "an output of a story": "given(good).when(Order(1)).then(Order(1))",
    "a state of a story": 'given(good).when(Order(1)).leaves("1")',
}


def test_declaration_that_mixes_up_its_types_is_refused(tmp_path: Path) -> None:
    module = tmp_path / "parcels_of_types.py"
    module.write_text(PARCELS + "".join(f"    {each}  # {what}\n" for what, each in WRONG.items()))
    first = PARCELS.count("\n") + 1
    # In a process of its own: mypy lifts the limit of recursion of the one that it runs in.
    run = subprocess.run(
        [
            *(sys.executable, "-m", "mypy", "--cache-dir", str(tmp_path / "cache")),
            *("--config-file", str(ROOT / "pyproject.toml")),
            *("--hide-error-context", "--no-error-summary", "--follow-imports=silent"),
            str(module),
        ],
        check=False,
        capture_output=True,
        text=True,
    )
    assert not run.stderr
    lines = {int(each.split(":")[1]) for each in run.stdout.splitlines() if ": error:" in each}
    assert lines == set(range(first, first + len(WRONG))), run.stdout
