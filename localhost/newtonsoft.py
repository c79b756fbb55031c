"""JSON as Newtonsoft.Json reads it: what .NET hosts and extensions accept, and what they say.

More than the standard: comments, single quotes, bare member names, trailing commas, a byte order
mark, `NaN`; of duplicate members the last counts.
"""

import json
import re
from typing import Any, Final

_SPACE: Final = re.compile(r"(?:\s|/\*.*?\*/|//[^\n]*)*", re.DOTALL)
_NUMBER: Final = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?")
_NAME: Final = re.compile(r"[A-Za-z_$][\w$]*")
_ESCAPE: Final = re.compile(r"\\(u[0-9a-fA-F]{4}|.)|([\"'])", re.DOTALL)
_ESCAPED: Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_WORDS: Final[dict[str, Any]] = {
    "true": True,
    "false": False,
    "null": None,
    "undefined": None,
    "NaN": "NaN",
    "Infinity": "Infinity",
}


class JsonError(ValueError):
    """The text is no JSON; `str` is what Newtonsoft says, as far as it is known."""


class UnexpectedEnd(JsonError):
    """The text ends within an object, an array or a string."""


def parse(text: str) -> Any:
    """Parse one value. Raises JsonError."""
    try:
        return json.loads(text, parse_constant=str)  # nearly always enough, and far faster
    except (ValueError, RecursionError):
        pass
    try:
        return _Reader(text.removeprefix("\ufeff")).document()
    except RecursionError:
        raise JsonError("The reader's MaxDepth of 64 has been exceeded.") from None


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def document(self) -> Any:
        self._skip()
        if self._at == len(self._text):
            raise JsonError("Error reading JToken from JsonReader. Path '', line 0, position 0.")
        value = self._value()
        self._skip()
        if self._at < len(self._text):
            raise self._error(
                "Additional text encountered after finished reading JSON content: "
                f"{self._character}."
            )
        return value

    @property
    def _character(self) -> str:
        """The next one; empty at the end."""
        return self._text[self._at : self._at + 1]

    def _skip(self) -> None:
        match = _SPACE.match(self._text, self._at)
        assert match is not None, "matches nothing at least"
        self._at = match.end()

    def _value(self) -> Any:
        character = self._character
        if character == "{":
            return self._object()
        if character == "[":
            return self._array()
        if character in {'"', "'"}:
            return self._string(character)
        number = _NUMBER.match(self._text, self._at)
        if number is not None:
            self._at = number.end()
            text = number[0]
            return int(text) if text.lstrip("+-").isdecimal() else float(text)
        word = _NAME.match(self._text, self._at)
        if word is not None and word[0] in _WORDS:
            self._at = word.end()
            return _WORDS[word[0]]
        raise self._error(f"Unexpected character encountered while parsing value: {character}.")

    def _object(self) -> dict[str, Any]:
        start = self._at = self._at + 1
        members: dict[str, Any] = {}
        while not self._closed("}", "JObject", start):
            name = self._member_name()
            self._skip()
            if self._character != ":":
                raise self._error("Invalid character after parsing property name.")
            self._at += 1
            self._skip()
            members[name] = self._value()
            self._comma("}")
        return members

    def _array(self) -> list[Any]:
        start = self._at = self._at + 1
        items: list[Any] = []
        while not self._closed("]", "JArray", start):
            items.append(self._value())
            self._comma("]")
        return items

    def _closed(self, end: str, kind: str, start: int) -> bool:
        self._skip()
        if not self._character:
            raise UnexpectedEnd(f"Error reading {kind} from JsonReader. {self._where(start)}")
        if self._character != end:
            return False
        self._at += 1
        return True

    def _comma(self, end: str) -> None:
        self._skip()
        character = self._character
        if character == ",":
            self._at += 1
        elif character not in {end, ""}:
            raise self._error(
                f"After parsing a value an unexpected character was encountered: {character}."
            )

    def _member_name(self) -> str:
        character = self._character
        if character in {'"', "'"}:
            return self._string(character)
        name = _NAME.match(self._text, self._at)
        if name is None:
            raise self._error(f"Invalid property identifier character: {character}.")
        self._at = name.end()
        return name[0]

    def _string(self, quote: str) -> str:
        pieces: list[str] = []
        begin = self._at = self._at + 1
        for match in _ESCAPE.finditer(self._text, begin):
            if match.start() < self._at:
                continue
            if match[2] == quote:
                pieces.append(self._text[self._at : match.start()])
                self._at = match.end()
                return "".join(pieces)
            if match[1] is not None:
                pieces += [self._text[self._at : match.start()], _unescaped(match[1])]
                self._at = match.end()
        raise UnexpectedEnd(
            f"Unterminated string. Expected delimiter: {quote}. {self._where(self._at)}"
        )

    def _error(self, what: str) -> JsonError:
        return JsonError(f"{what} {self._where(self._at)}")

    def _where(self, at: int) -> str:
        lines = self._text[:at].split("\n")
        return f"Path '', line {len(lines) if at else 0}, position {len(lines[-1])}."


def _unescaped(escape: str) -> str:
    if escape[0] == "u":
        return chr(int(escape[1:], 16))
    return _ESCAPED.get(escape, escape)
