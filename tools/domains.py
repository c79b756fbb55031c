"""Which domain a command is about: the one that is named, or the app's own."""

import ast
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from domain.domain import AnyDomain, Domain

APP: Final = Path("function_app.py")

EXAMPLES: Final = "examples"

ROOT_CALL: Final = "effectively_once"


def load_domain(module: str | None) -> AnyDomain:
    """Return the domain that a module declares; without one, the first of function_app.py.

    Raises ValueError, saying what is wrong.
    """
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    if module is None:
        module, name = _first_of(APP)
        found: Any = getattr(_imported(module), name, None)
        if isinstance(found, Domain):
            return found
        raise ValueError(f"{module}.{name} is not a domain: name its module with --domain")
    values = vars(_imported(module)).values()
    declared: dict[int, AnyDomain] = {id(each): each for each in values if isinstance(each, Domain)}
    if len(declared) != 1:
        raise ValueError(f"{module} declares {len(declared)} domains, and it must be one")
    [only] = declared.values()
    return only


def _imported(module: str) -> ModuleType:
    try:
        return import_module(module)
    except ImportError as error:
        meant = f"{EXAMPLES}.{module}" if Path(EXAMPLES, module).is_dir() else None
        hint = f"; is {meant} meant?" if meant else ""
        raise ValueError(f"the domain {module} cannot be imported: {error}{hint}") from error


def _first_of(path: Path) -> tuple[str, str]:
    """Read `from todos import TODOS` and `effectively_once(TODOS, …)`, without running the app."""
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError) as error:
        raise ValueError(f"{path} cannot be read: {error}; name the domain with --domain") from None
    imported = {
        alias.asname or alias.name: (node.module or "", alias.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            names = [each.id for each in node.args if isinstance(each, ast.Name)]
            if node.func.id == ROOT_CALL and names and names[0] in imported:
                return imported[names[0]]
    raise ValueError(f"{path} names no domain: name its module with --domain")
