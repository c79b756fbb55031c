r"""Text of one line: which white space is trimmed, which characters are refused.

The set is the one of `\s` in ECMA 262, which is the dialect of patterns in JSON Schema. Python's
own differs: `str.strip` leaves U+FEFF and takes U+001C to U+001F and U+0085, which are control
characters and refused here.
"""

from typing import Final

from msgspec import Meta

from domain.declaration import WrongDomain

WHITE_SPACE: Final = (
    "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)

LINE: Final = "line"
"""The mark that `line` leaves in the annotation."""

_SPACE: Final = r"\t-\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
_CONTROL: Final = r"\u0000-\u001f\u007f-\u009f"


def line(characters_max: int) -> Meta:
    """Annotate a `str`: white space at both ends is removed; then 1 to `characters_max` code
    points are left, none of them a control character (Unicode Cc). Nothing is normalised.
    Raises WrongDomain.
    """
    if type(characters_max) is not int or characters_max < 1:
        raise WrongDomain(f"line(…) must allow at least 1 character; it allows {characters_max}")
    return Meta(min_length=1, max_length=characters_max, extra={LINE: True})


def trim(text: str) -> str:
    """Remove white space at both ends."""
    return text.strip(WHITE_SPACE)


def control_character(text: str) -> str | None:
    """Return the first control character (Unicode Cc), None when there is none."""
    if text.isprintable():  # nearly always it is
        return None
    return next((each for each in text if each < " " or "\x7f" <= each <= "\x9f"), None)


def half_a_pair(text: str) -> str | None:
    """Return the first half of a surrogate pair, which no UTF-8 can hold; None without one."""
    if text.isprintable():
        return None
    return next((each for each in text if "\ud800" <= each <= "\udfff"), None)


def pattern_asked(characters_max: int) -> str:
    """Say what is accepted, white space to be trimmed included: exactly the set of `line`."""
    edge, inner = f"[^{_SPACE}{_CONTROL}]", f"[^{_CONTROL}]"
    rest = f"(?:{inner}{{0,{characters_max - 2}}}{edge})?" if characters_max > 1 else ""
    return f"^[{_SPACE}]*{edge}{rest}[{_SPACE}]*$"


def pattern_kept(characters_max: int) -> str:
    """Say what is left after trimming."""
    edge, inner = f"[^{_SPACE}{_CONTROL}]", f"[^{_CONTROL}]"
    rest = f"(?:{inner}{{0,{characters_max - 2}}}{edge})?" if characters_max > 1 else ""
    return f"^{edge}{rest}$"
