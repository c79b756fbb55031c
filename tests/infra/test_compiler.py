"""The Bicep compiler has nothing to say about infra/, where it is installed; CI has it."""

import shutil
from pathlib import Path

import pytest

from tests.infra.bicep.syntax import INFRA
from tests.infra.compiler import COMMANDS, compile_with

BICEP = shutil.which("bicep")

if BICEP:  # else it is not there at all: a skipped test looks like one that ran

    @pytest.mark.parametrize("name", COMMANDS)
    def test_compiler_has_nothing_to_say(name: str) -> None:
        assert BICEP is not None
        compile_with(BICEP, COMMANDS[name], INFRA)


def stand_in(folder: Path, script: str) -> str:
    path = folder / "bicep"
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    "script",
    ["echo 'main.bicep(1,1) : Warning BCP037: no such property' >&2", "exit 1", "echo BCP427 >&2"],
)
def test_warning_of_the_compiler_is_an_error(script: str, tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        compile_with(stand_in(tmp_path, script), ("build",), tmp_path)


def test_parameter_file_gets_the_variables_that_it_needs(tmp_path: Path) -> None:
    script = 'test -n "$AZURE_ENV_NAME" && test -n "$AZURE_LOCATION" && echo ok'
    assert compile_with(stand_in(tmp_path, script), ("build-params",), tmp_path) == "ok\n"
