"""Who may import what, where import-linter does not look: single modules and parts of packages."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ENGINE = (
    *("triggers", "publishing", "intake", "activities", "taskhub", "entities", "store", "domain"),
    *("concurrency", "telemetry", "settings", "effectively_once.py"),
)
APP = (*ENGINE, "todos", "function_app.py")
NOT_APP = {"localhost", "bench", "tools", "tests", "model", "examples", "workshop"}
DOMAINS = {"todos", "examples", "function_app"}
APPS_OR_WORKER = {"worker", "recorded", "conformance"}
"""Folders of localhost that may load an SDK."""
NAME_OF_A_DOMAIN = re.compile(r"todo|project_?id", re.IGNORECASE)


def files(*names: str) -> Iterator[Path]:
    for name in names:
        path = ROOT / name
        yield from [path] if path.is_file() else sorted(path.rglob("*.py"))


def imports(path: Path) -> set[str]:
    """Return the dotted names of the modules that a file imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def importers(module: str, *among: str) -> set[str]:
    """Return the files that import `module` or something inside it."""
    return {
        path.relative_to(ROOT).as_posix()
        for path in files(*among)
        if any(name == module or name.startswith(f"{module}.") for name in imports(path))
    }


def test_domain_needs_the_kit_and_the_standard_library_only() -> None:
    for path in files("todos", "examples/invoices/model.py", "examples/invoices/declaration.py"):
        tops = {name.partition(".")[0] for name in imports(path)}
        assert tops - {"todos", "examples", "domain"} <= sys.stdlib_module_names, path


def test_author_of_a_domain_writes_at_most_ten_lines() -> None:
    assert len((ROOT / "function_app.py").read_text(encoding="utf-8").splitlines()) <= 10


def test_engine_speaks_of_no_domain() -> None:
    for path in files(*ENGINE):
        lines = path.read_text(encoding="utf-8").splitlines()
        found = [number for number, line in enumerate(lines, 1) if NAME_OF_A_DOMAIN.search(line)]
        assert not found, f"{path}: lines {found}"


@pytest.mark.parametrize("package", sorted(DOMAINS))
def test_engine_imports_no_domain(package: str) -> None:
    assert importers(package, *ENGINE) == set()


@pytest.mark.parametrize("package", sorted(NOT_APP))
def test_app_does_without(package: str) -> None:
    assert importers(package, *APP) == set()


def test_only_the_composition_root_is_left_unimported() -> None:
    assert importers("function_app", *APP, "bench", "tools") == set()


@pytest.mark.parametrize(
    ("module", "folders"),
    [
        ("azure.data", {"store", "tools", "bench"}),
        ("azure.eventhub", {"publishing"}),
        ("azure.identity", {"settings"}),
        ("azure.core", {"store", "publishing", "tools", "bench"}),
        ("azure.monitor", {"telemetry"}),
        ("opentelemetry", {"telemetry"}),
    ],
)
def test_only_one_folder_speaks_to_a_service(module: str, folders: set[str]) -> None:
    outside = importers(module, *({*APP, "localhost", "tools", "bench"} - folders))
    assert outside == set()


def test_store_does_not_know_functions() -> None:
    assert importers("azure.functions", "store", "domain", "todos") == set()
    assert importers("azure.durable_functions", "store", "domain", "todos") == set()


def test_service_that_is_loaded_late_is_not_loaded_at_start() -> None:
    # azure-identity takes half a second: only an app with an identity pays for it.
    for path in files(*APP):
        module = ast.parse(path.read_text(encoding="utf-8"))
        for node in module.body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                assert "azure.identity" not in ast.unparse(node), path


def test_host_loads_no_sdk_and_knows_no_name_of_the_app() -> None:
    host = [path for path in files("localhost") if not APPS_OR_WORKER & set(path.parts)]
    names = {path.relative_to(ROOT).as_posix() for path in host}
    assert not importers("azure", "localhost") & names
    assert not importers("azure_functions_runtime", "localhost") & names
    for path in host:
        assert "EO_" not in path.read_text(encoding="utf-8"), path
