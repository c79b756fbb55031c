"""Golden files: what each version of each format looks like, as releases have written it.

They are never edited. A change of format adds a file with the next number, by hand, from what the
failing test prints; the readers then have to take one more.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path(__file__).parent


def golden(kind: str, name: str) -> dict[int, Any]:
    """Return the content of `<kind>/<name>.v<number>.json` by number."""
    return {
        _version(path): json.loads(path.read_text(encoding="utf-8"))
        for path in sorted((FOLDER / kind).glob(f"{name}.v*.json"))
    }


def dumps(kind: str, name: str) -> dict[int, str]:
    """Return the text of `<kind>/<name>.v<number>.sql` by number."""
    return {
        _version(path): path.read_text(encoding="utf-8")
        for path in sorted((FOLDER / kind).glob(f"{name}.v*.sql"))
    }


def with_unknown_fields(value: Any) -> Any:
    """Return it as a later release may write it: further fields, in another order."""
    if isinstance(value, dict):
        fields = [(name, with_unknown_fields(each)) for name, each in value.items()]
        return dict([("later", {"a": [1, None]}), *reversed(fields)])
    return [with_unknown_fields(each) for each in value] if isinstance(value, list) else value


def numbered(versions: dict[int, Any]) -> Iterator[tuple[str, Any]]:
    """Each version as it is, and as a later release may write it."""
    for number, content in versions.items():
        yield f"v{number}", content
        yield f"v{number} and more", with_unknown_fields(content)


def _version(path: Path) -> int:
    return int(path.suffixes[-2].removeprefix(".v"))
