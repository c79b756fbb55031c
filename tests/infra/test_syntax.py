"""Somebody else's parser of Bicep reads every template.

It knows the grammar and no types: what a resource may be is for `bicep build`, which runs here
where the Bicep CLI is installed, and in any case in the workflow. It does not know every form that
Bicep allows either (a conditional over several lines, for one).
"""

import shutil
import subprocess
from typing import Final

import pytest
from lark.exceptions import UnexpectedInput
from pycep import BicepParser

from tests.infra.bicep import INFRA

PARSER: Final = BicepParser()
TEMPLATES: Final = sorted(INFRA.rglob("*.bicep"))


@pytest.mark.parametrize("name", [path.relative_to(INFRA).as_posix() for path in TEMPLATES])
def test_a_template_is_bicep(name: str) -> None:
    assert PARSER.parse(text=(INFRA / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize("broken", ["param x string =\n", "var a = {\n", "resource r 'x@1' = [\n"])
def test_what_is_not_is_found_out(broken: str) -> None:
    with pytest.raises(UnexpectedInput):
        PARSER.parse(text=broken)


if shutil.which("bicep"):  # else it is not there at all: a skipped test looks like one that ran

    @pytest.mark.parametrize(
        "command",
        [
            ("build", "--stdout", "main.bicep"),
            ("build-params", "--stdout", "main.bicepparam"),
            ("lint", "main.bicep"),
        ],
        ids=lambda command: command[0],
    )
    def test_bicep_compiles_and_lints_them(command: tuple[str, ...]) -> None:
        done = subprocess.run(
            ["bicep", *command], cwd=INFRA, capture_output=True, text=True, check=False, timeout=100
        )
        assert done.returncode == 0, done.stderr
