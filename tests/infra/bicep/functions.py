"""The functions of Bicep that infra/ calls, and values that only Azure knows."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final


class Unknown(str):
    """A value that is known once something is deployed: its text says whose it is."""

    __slots__ = ()

    def member(self, name: str) -> "Unknown":
        """Return a part of it."""
        return Unknown(f"{self}.{name}")


def union(*values: Mapping[str, Any]) -> dict[str, Any]:
    """Merge objects, those inside of them too; the later one wins."""
    merged: dict[str, Any] = {}
    for value in values:
        for name, each in value.items():
            both = isinstance(merged.get(name), Mapping) and isinstance(each, Mapping)
            merged[name] = union(merged[name], each) if both else each
    return merged


def items(value: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return key and value of each property, by name."""
    return [{"key": name, "value": value[name]} for name in sorted(value)]


def flatten(lists: Sequence[Sequence[Any]]) -> list[Any]:
    """Put lists into one."""
    return [each for one in lists for each in one]


def join(texts: Sequence[str], between: str) -> str:
    """Put texts into one."""
    return between.join(texts)


def short(*parts: Any) -> str:
    """Return a name that is the same for the same parts."""
    return hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()[:13]


def concat(*lists: Sequence[Any]) -> list[Any]:
    """Put lists into one."""
    return flatten(lists)


def mapped(values: Sequence[Any], function: Callable[[Any], Any]) -> list[Any]:
    """Apply a lambda to each."""
    return [function(each) for each in values]


def filtered(values: Sequence[Any], function: Callable[[Any], Any]) -> list[Any]:
    """Keep those for which a lambda is true."""
    return [each for each in values if function(each)]


def resource_id(kind: str, *names: str) -> str:
    """Return an id as short as it can be."""
    return "/".join([kind, *names])


FUNCTIONS: Final[Mapping[str, Callable[..., Any]]] = {
    "bool": lambda text: {"true": True, "false": False}[text.lower()],
    "concat": concat,
    "empty": lambda value: not value,
    "environment": lambda: {
        "suffixes": {"storage": "core.windows.net"},
        "authentication": {"loginEndpoint": "https://login.microsoftonline.com/"},
    },
    "filter": filtered,
    "flatten": flatten,
    "guid": lambda *parts: f"guid({', '.join(map(str, parts))})",
    "int": int,
    "items": items,
    "join": join,
    "length": len,
    "map": mapped,
    "max": max,
    "range": lambda first, count: list(range(first, first + count)),
    "replace": lambda text, old, new: text.replace(old, new),
    "resourceId": resource_id,
    "startsWith": lambda text, beginning: text.lower().startswith(beginning.lower()),
    "string": lambda value: json.dumps(value, ensure_ascii=False),
    "subscription": lambda: {"id": "/subscriptions/s"},
    "subscriptionResourceId": resource_id,
    "tenant": lambda: {"tenantId": "00000000-0000-0000-0000-00000000000t"},
    "toLower": str.lower,
    "union": union,
    "uniqueString": short,
}


def load_text(folder: Path, path: str) -> str:
    """Return the text of a file, as `loadTextContent` does when a template is compiled."""
    return (folder / path).read_text(encoding="utf-8")
