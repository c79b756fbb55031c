"""What is wrong with the bytes of a stranger, and where."""

from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote

ERRORS_MAX: Final = 20
"""Errors told about one request; a stranger does not make us write a longer answer."""

NAME_CHARACTERS_MAX: Final = 100
"""How much of a name that a stranger made up is told back."""

PATH_CHARACTERS: Final = "!$&'()*+,;=:@~"
"""What a URI fragment may hold as it is, besides letters and digits (RFC 3986, section 3.5)."""


@dataclass(frozen=True, slots=True)
class FieldError:
    """Where, as a JSON Pointer in a URI fragment (`#/title`, `#/3/title`), and what is wrong."""

    pointer: str
    detail: str


class Invalid(Exception):
    """The bytes are not a request and never will be. Nothing happened."""

    def __init__(self, *errors: FieldError) -> None:
        super().__init__(*errors)
        self.errors: tuple[FieldError, ...] = errors[:ERRORS_MAX]

    def __str__(self) -> str:
        """All errors in one line, for logs and dead letters."""
        return "; ".join(f"{each.pointer} {each.detail}" for each in self.errors)


@dataclass(slots=True)
class Findings:
    """The errors found so far. Who looks for more gives up when it is full."""

    most: int = ERRORS_MAX
    errors: list[FieldError] = field(default_factory=list)

    @property
    def full(self) -> bool:
        """Whether another error would be told to nobody."""
        return len(self.errors) >= self.most

    def add(self, pointer: str, detail: str) -> None:
        """Keep an error, if there is room."""
        if not self.full:
            self.errors.append(FieldError(pointer, detail))

    def check(self) -> None:
        """Raise Invalid when there are any."""
        if self.errors:
            raise Invalid(*self.errors)


def below(pointer: str, name: str | int) -> str:
    """Point to a member or an item of what `pointer` points to."""
    if isinstance(name, int):
        return f"{pointer}/{name}"
    if name.isascii() and name.isalnum() and len(name) <= NAME_CHARACTERS_MAX:
        return f"{pointer}/{name}"
    token = name[:NAME_CHARACTERS_MAX].replace("~", "~0").replace("/", "~1")
    return f"{pointer}/{quote(token, safe=PATH_CHARACTERS, errors='replace')}"
