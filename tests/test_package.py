"""What `func azure functionapp publish` uploads is the whole app and nothing but the app.

The package is the tree as .funcignore leaves it by the rules of Core Tools, in a folder of its own,
loaded by a process that sees this folder and installed packages only; azd must come to the same. With EO_CLEAN_PYTHON, the interpreter of an
environment that has nothing but requirements.txt, it is loaded by that one: CI does so.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from tests.published import by_azd, by_core_tools, files

ROOT: Final = Path(__file__).parent.parent
PYTHON: Final = os.environ.get("EO_CLEAN_PYTHON", sys.executable)

CPU_SECONDS_MAX: Final = 5.0
"""To load the app, once: part of a cold start, in which the first caller waits. About 1 s where
this was written; the budget is for slower machines, not for more imports."""

SETTINGS: Final = {
    "EO_STORE": "tables",
    "EO_TASK_HUB": "HubV2",
    "EO_TABLES__tableServiceUri": "https://account.table.core.windows.net/",
    "EO_TABLES__credential": "managedidentity",
    "EO_TABLES__clientId": "00000000-0000-0000-0000-000000000000",
    "EventHubs__fullyQualifiedNamespace": "namespace.servicebus.windows.net",
    "EventHubs__credential": "managedidentity",
    "EventHubs__clientId": "00000000-0000-0000-0000-000000000000",
    "EO_REQUESTS_HUB": "requests",
    "EO_EVENTS_HUB": "entries",
    "PYTHON_ENABLE_OPENTELEMETRY": "true",
    "APPLICATIONINSIGHTS_CONNECTION_STRING": (
        "InstrumentationKey=00000000-0000-0000-0000-000000000000;"
        "IngestionEndpoint=http://127.0.0.1:9/"  # nobody is there
    ),
    "APPLICATIONINSIGHTS_CONTROLPLANE_DISABLED": "true",
    "APPLICATIONINSIGHTS_SDKSTATS_DISABLED": "true",
    "APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL": "true",
}
"""As infra/ sets them: everything that can be switched on is on."""

NO_MODULES: Final = {"host.json", "requirements.txt"}

LINES: Final = (ROOT / ".funcignore").read_text(encoding="utf-8").splitlines()

LOAD: Final = """
import json, sys, time
from importlib.metadata import packages_distributions
began = time.process_time()
sys.path.insert(0, sys.argv[1])
import function_app
functions = {
    each.get_function_name(): each.get_dict_repr() for each in function_app.app.get_functions()
}
seconds = time.process_time() - began
files = [getattr(module, "__file__", None) or "" for module in sys.modules.values()]
tops = {name.partition(".")[0] for name in sys.modules}
owners = packages_distributions()
print(json.dumps({
    "functions": functions,
    "seconds": seconds,
    "own": [name for name in files if name.startswith(sys.argv[1])],
    "installed": sorted({owner for top in tops for owner in owners.get(top, ())}),
}, default=str))
"""


def load(folder: Path, settings: dict[str, str], *arguments: str) -> dict[str, Any]:
    """Load the app as the worker does; return what it has and what it took."""
    command = [PYTHON, "-I", "-X", "utf8", *arguments, "-c", LOAD, str(folder)]
    environ = {"PATH": os.environ["PATH"], **settings}
    done = subprocess.run(
        command, env=environ, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert isinstance(found, dict)
    return found


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy what is published."""
    folder = tmp_path_factory.mktemp("package").resolve()
    for path in by_core_tools(LINES, files(ROOT)):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / path, folder / path)
    return folder


@pytest.fixture(scope="module")
def loaded(package: Path) -> dict[str, Any]:
    return load(package, SETTINGS)


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pinned() -> set[str]:
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    return {normal(name) for name in re.findall(r"^([\w.-]+)==", text, re.MULTILINE)}


def test_package_holds_modules_and_three_files(package: Path) -> None:
    found = {path.relative_to(package).as_posix() for path in package.rglob("*") if path.is_file()}
    others = {path for path in found if not path.endswith(".py")}
    page = {f"page/{each.name}" for each in (ROOT / "page").iterdir() if each.is_file()}
    assert others - page <= NO_MODULES
    assert page - others == {"page/README.md"}
    tops = {path.partition("/")[0] for path in found}
    assert not tops & {"localhost", "tests", "tools", "bench", "infra", "docs", "examples", "model"}


def test_package_has_no_storage_of_a_developers_machine(package: Path) -> None:
    assert not (package / "store" / "sqlite").exists()


def test_every_folder_that_is_imported_is_published(package: Path) -> None:
    # Else nobody would miss it before Azure loads the app.
    loaded = load(ROOT, SETTINGS)["own"]
    folders = {Path(each).parent.relative_to(ROOT).as_posix() for each in loaded} - {"."}
    ours = {each for each in folders if not each.startswith(".")}
    missing = {each for each in ours if not (package / each).is_dir()} - {"store/sqlite"}
    lines = [
        f"!/{head}[{tail[0]}]{tail[1:]}/\n/{each}/*\n!/{each}/*.py"
        for each in sorted(missing)
        for head, tail in [(each[: each.rfind("/") + 1], each[each.rfind("/") + 1 :])]
    ]
    assert not missing, "add to .funcignore:\n" + "\n".join(lines)


def test_azd_publishes_what_core_tools_does() -> None:
    found = files(ROOT)
    assert by_azd(LINES, found) == by_core_tools(LINES, found)


STRAY: Final = [
    "somewhere/todos.db",
    "somewhere/keys.json",
    "backup/part-00000.jsonl",
    "notes.txt",
    ".env",
    "local.settings.json",
    "local.settings.prod.json",
    "store/keys.json",
    "store/sqlite/log.py",
    "store/__pycache__/rows.cpython-312.pyc",
    "triggers/http/__pycache__/health.cpython-312.pyc",
    "todos.db",
    "tests/test_package.py",
    "storefront/secret.py",
    "requirements-dev.txt",
]


@pytest.mark.parametrize("published", [by_core_tools, by_azd], ids=lambda each: each.__name__)
def test_whatever_lies_in_the_folder_is_not_published(
    published: Callable[[list[str], list[str]], set[str]],
) -> None:
    assert published(LINES, STRAY) == set()


@pytest.mark.parametrize(
    ("line", "path", "ignored"),
    [
        ("docs", "docs/deploy.md", True),
        ("docs", "docserver.py", True),  # no end of the pattern
        ("__pycache__", "store/__pycache__/a.pyc", False),  # from the root only
        ("**/__pycache__", "store/__pycache__/a.pyc", True),
        ("store/sqlite*.py", "store/sqlite.py", False),  # `*` is one or more
        ("store/sqlite*.py", "store/sqlite_file.py", True),
        ("# docs", "docs/deploy.md", False),
        ("*.md", "README.md", True),
        ("*.md", "docs/deploy.md", False),
    ],
)
def test_rules_of_core_tools_are_not_those_of_git(line: str, path: str, *, ignored: bool) -> None:
    assert by_core_tools([line], [path]) == (set() if ignored else {path})


def test_core_tools_publishes_what_any_exception_names() -> None:
    assert by_core_tools(["!/todos", "/*"], ["todos/model.py", "x.py"]) == {"todos/model.py"}


def test_the_package_has_the_functions_of_the_source(loaded: dict[str, Any]) -> None:
    assert loaded["functions"] == load(ROOT, SETTINGS)["functions"]
    names = {"sweeper", "purger", "publisher", "events_todos", "emit_todos", "outbox_todos"}
    assert names <= set(loaded["functions"])


def test_without_event_hubs_their_functions_are_not_there(
    package: Path, loaded: dict[str, Any]
) -> None:
    settings = {name: text for name, text in SETTINGS.items() if not name.endswith("S_HUB")}
    assert set(loaded["functions"]) - set(load(package, settings)["functions"]) == {
        "events_todos",
        "publisher",
    }


def test_whatever_is_loaded_of_our_own_is_in_the_package(
    package: Path, loaded: dict[str, Any]
) -> None:
    assert len(loaded["own"]) > 30
    assert not [name for name in loaded["own"] if not Path(name).is_relative_to(package)]


def test_whatever_is_loaded_besides_is_pinned_for_azure(loaded: dict[str, Any]) -> None:
    # What pip and the interpreter bring along by themselves; and what requests loads where it is
    # installed, as it is here for selenium.
    here = {"pip", "setuptools", "wheel", "distlib", "pysocks"}
    assert {normal(name) for name in loaded["installed"]} - here <= pinned()


def test_the_package_loads_within_its_budget(loaded: dict[str, Any]) -> None:
    assert loaded["seconds"] < CPU_SECONDS_MAX


def test_the_package_needs_nothing_that_is_written_beside_it(package: Path) -> None:
    # On Azure it is mounted for reading only.
    before = {path for path in package.rglob("*") if "__pycache__" not in path.parts}
    load(package, SETTINGS, "-B")
    assert {path for path in package.rglob("*") if "__pycache__" not in path.parts} == before
