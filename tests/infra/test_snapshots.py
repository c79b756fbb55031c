"""What the four installations consist of, so that a change of a template shows what it changes.

    EO_UPDATE_SNAPSHOTS=1 python -m pytest tests/infra/test_snapshots.py

writes the files again. They hold every resource, and all properties of those whose properties
depend on the parameters.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.infra.sets import SETS, resources, template

FOLDER: Final = Path(__file__).parent / "snapshots"
IN_FULL: Final = {
    "Microsoft.EventHub/namespaces",
    "Microsoft.Network/virtualNetworks",
    "Microsoft.Storage/storageAccounts",
    "Microsoft.Web/serverfarms",
    "Microsoft.Web/sites",
    "Microsoft.Web/sites/config",
}


def flat(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Return each value with its path; an element of a list is called by its name if it has one."""
    if isinstance(value, dict) and value:
        for name, each in value.items():
            yield from flat(each, f"{path}.{name}" if path else name)
    elif isinstance(value, list) and value:
        for place, each in enumerate(value):
            name = each.get("name", place) if isinstance(each, dict) else place
            yield from flat(each, f"{path}[{name}]")
    else:
        yield path, value


def structure(name: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for each in resources(name):
        scope = each.properties.get("scope")
        label = f"{each.kind} {each.name}" + (f" on {scope.name}" if scope else "")
        full = each.kind in IN_FULL
        found[label] = dict(sorted(flat(each.properties))) if full else {}
    return {"outputs": template(name).outputs(), "resources": dict(sorted(found.items()))}


@pytest.mark.parametrize("name", SETS)
def test_installation_is_that_of_the_snapshot(name: str) -> None:
    path = FOLDER / f"{name}.json"
    if os.environ.get("EO_UPDATE_SNAPSHOTS"):
        path.write_text(json.dumps(structure(name), indent=1) + "\n", encoding="utf-8")
    assert structure(name) == json.loads(path.read_text(encoding="utf-8"))
