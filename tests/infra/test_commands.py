"""The steps of the pages for operators can be typed in: commands, options, variables, order.

Nothing is called but stand-ins. The one of the Azure CLI knows the options of the real one, as
`azure_cli/record.py` wrote them down, and refuses all others; answers are made up.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.infra.azure_cli.pages import COMMANDS, PAGES, ROOT, commands, scripts
from tests.infra.sets import template

KNOWN: Final[dict[str, list[str]]] = json.loads(COMMANDS.read_text(encoding="utf-8"))["commands"]
EVERYWHERE: Final = {"--query", "-o", "--output", "--subscription"}

OUTPUTS: Final = {name: str(value) for name, value in template("flex").outputs().items()}

STAND_IN: Final = """
import json, os, sys
sys.path.insert(0, {root!r})
from tests.infra.test_commands import answer
print(answer(sys.argv[1], sys.argv[2:]))
"""

ANSWERS: Final = {
    "deployment sub show": {name: {"value": text} for name, text in OUTPUTS.items()},
    "functionapp keys list": "a-key",
    "storage account show": "/subscriptions/s/resourceGroups/g/providers/P/storageAccounts/a",
    "ad signed-in-user show": "11111111-1111-1111-1111-111111111111",
    "ad app create": "22222222-2222-2222-2222-222222222222",
    "functionapp config appsettings list": "EO_STORE=tables",
}


def answer(program: str, words: list[str]) -> str:
    """Answer like one of the programs. Raises SystemExit for what the real one would refuse."""
    if program == "az":
        return az(words)
    if program == "azd" and words == ["env", "get-values"]:
        return "\n".join(f'{name}="{text}"' for name, text in OUTPUTS.items())
    if program == "curl":
        return "200"
    return ""


def az(words: list[str]) -> str:
    size = next((place for place, each in enumerate(words) if each.startswith("-")), len(words))
    name = " ".join(words[:size])
    if name not in KNOWN:
        raise SystemExit(f"az {name}: no such command")
    options = {each.partition("=")[0] for each in words[size:] if each.startswith("-")}
    if unknown := options - set(KNOWN[name]) - EVERYWHERE:
        raise SystemExit(f"az {name}: no option {unknown}")
    found = ANSWERS.get(name, "")
    return found if isinstance(found, str) else json.dumps(found)


@pytest.fixture
def workplace(tmp_path: Path) -> Path:
    """Make a folder like the checkout, and programs that only look like those of the steps."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (tmp_path / "stand_in.py").write_text(STAND_IN.format(root=str(ROOT)), encoding="utf-8")
    for name in ("az", "azd", "func", "curl", "make", "git", "python"):
        path = programs / name
        call = f'exec {sys.executable} {tmp_path / "stand_in.py"} {name} "$@"'
        path.write_text(f"#!/bin/sh\n{call}\n", encoding="utf-8")
        path.chmod(0o755)
    (programs / "python3").symlink_to(sys.executable)
    shutil.copy(ROOT / "host.json", tmp_path / "host.json")
    activate = tmp_path / ".venv/bin/activate"
    activate.parent.mkdir(parents=True)
    activate.write_text("")
    (tmp_path / ".venv/bin/python").symlink_to(programs / "python")
    return tmp_path


def walk_through(page: Path, workplace: Path) -> subprocess.CompletedProcess[str]:
    """Run all scripts of a page one after the other in one shell."""
    given = {"PATH": f"{workplace / 'bin'}:{os.environ['PATH']}", "HOME": str(workplace)}
    if page.name not in {"deploy.md", "operations.md"}:
        given |= OUTPUTS | {"KEY": "a-key"}  # they say where these come from
    text = "\n".join(scripts(page))
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", text],
        cwd=workplace,
        env=given,
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
    )


@pytest.mark.parametrize(
    "page",
    [page for page in PAGES if scripts(page) and page.name != "event-hubs.md"],
    ids=lambda page: page.name,
)
def test_page_can_be_walked_through(page: Path, workplace: Path) -> None:
    done = walk_through(page, workplace)
    assert done.returncode == 0, done.stderr


def test_steps_without_azd_set_the_names_that_later_steps_use(workplace: Path) -> None:
    [step] = [each for each in scripts(ROOT / "docs/operate/deploy.md") if "output() {" in each]
    done = subprocess.run(
        [
            "bash",
            "-euo",
            "pipefail",
            "-c",
            step + '\necho "$EO_BASE_URL $EO_TABLES__tableServiceUri"',
        ],
        cwd=workplace,
        env={"PATH": f"{workplace / 'bin'}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=True,
        timeout=110,
    )
    expected = f"{OUTPUTS['EO_BASE_URL']} {OUTPUTS['EO_TABLES__tableServiceUri']}"
    assert done.stdout.splitlines()[-1] == expected


def test_host_json_of_the_scheduler_names_no_storage(workplace: Path) -> None:
    [step] = [each for each in scripts(ROOT / "docs/operate/deploy.md") if "azureManaged" in each]
    subprocess.run(
        ["bash", "-euo", "pipefail", "-c", step],
        cwd=workplace,
        env={"PATH": f"{workplace / 'bin'}:{os.environ['PATH']}"},
        capture_output=True,
        check=True,
        timeout=110,
    )
    before = json.loads((ROOT / "host.json").read_text(encoding="utf-8"))
    after = json.loads((workplace / "host.json").read_text(encoding="utf-8"))
    provider = after["extensions"]["durableTask"].pop("storageProvider")
    before["extensions"]["durableTask"].pop("storageProvider")
    assert after == before
    assert provider == {
        "type": "azureManaged",
        "connectionStringName": "DURABLE_TASK_SCHEDULER_CONNECTION_STRING",
    }


@pytest.mark.parametrize(
    ("name", "options"), commands(), ids=lambda each: each if isinstance(each, str) else ""
)
def test_command_has_the_options_that_it_is_given(name: str, options: list[str]) -> None:
    assert name in KNOWN
    assert set(options) <= set(KNOWN[name]) | EVERYWHERE


@pytest.mark.parametrize(
    "words",
    [["storage", "entity", "fetch"], ["functionapp", "stop", "--at-once"], ["lock", "remove"]],
)
def test_command_that_the_cli_does_not_know_is_refused(words: list[str]) -> None:
    with pytest.raises(SystemExit, match=r"no (such command|option)"):
        az(words)
