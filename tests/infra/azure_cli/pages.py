"""The commands of the Azure CLI on the pages for operators, and the scripts of these pages."""

import re
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[3]
COMMANDS: Final = Path(__file__).parent / "commands.json"
PAGES: Final = (*sorted((ROOT / "docs/operate").glob("*.md")), ROOT / "docs/use/event-hubs.md")

_INLINE: Final = re.compile(r"`az ([^`]+)`")
_CALL: Final = re.compile(r"(?:^|\$\(|\{ ) *az (?=([^|;&()\n]+))", re.MULTILINE)


def scripts(page: Path) -> list[str]:
    """Return the blocks that are meant for a shell, without the indentation of a list."""
    text = page.read_text(encoding="utf-8")
    found = re.findall(r"^( *)```sh\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL)
    return [re.sub(rf"^{indent}", "", block, flags=re.MULTILINE) for indent, block in found]


def commands() -> list[tuple[str, list[str]]]:
    """Return each command of the CLI with the options that are given to it."""
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8").replace("\\\n", " ")
        text = _INLINE.sub(lambda match: "\naz " + " ".join(match[1].split()) + "\n", text)
        found += [_split(each) for each in _CALL.findall(text)]
    return found


def _split(call: str) -> tuple[str, list[str]]:
    words = call.split()
    name = [each for each in words if re.fullmatch(r"[a-z][a-z-]*", each)]
    end = next((place for place, each in enumerate(words) if each not in name), len(words))
    return " ".join(words[:end]), [each for each in words if re.fullmatch(r"--?[a-z][a-z-]*", each)]
