"""Request ids and keys of type string: addresses, so the address must be the id.

Everything that a proxy, a router, a client generator or a normalisation might change is refused, so
no two ids can become one and no id two, and every `Location` leads to its own request.
"""

import re
from typing import Final

from domain.sizes import DIGITS_MAX

CHARACTERS_MAX: Final = 255
"""Fits into a header, a URL and a row key of 1 KiB."""

FORBIDDEN: Final = "/\\?#%"

PATTERN: Final = r"^(?!\.{1,2}$)[!\"$&-.0->@-\[\]-~]{1,255}$"
"""The grammar as a pattern of JSON Schema."""

RESERVED_PREFIX: Final = "event:"
"""Begins the ids of events that bring none of their own. No client can claim them."""

CLIENT_PATTERN: Final = PATTERN.replace("^", f"^(?!{RESERVED_PREFIX})", 1)
"""The grammar for ids that clients choose."""

_ADDRESS: Final = re.compile(r'[!"$&-.0->@-\[\]-~]{1,255}')
_DOTS: Final = frozenset({".", ".."})


def check_address(value: object) -> str:
    r"""Return it when it is 1 to 255 visible ASCII characters, none of them `/ \ ? # %`, and not
    `.` or `..`. Raises ValueError, saying why.
    """
    if type(value) is not str:
        raise ValueError("must be a string")
    if _ADDRESS.fullmatch(value) and value not in _DOTS:
        return value
    if not 1 <= len(value) <= CHARACTERS_MAX:
        raise ValueError(f"must have 1 to {CHARACTERS_MAX} characters; it has {len(value)}")
    if value in _DOTS:
        raise ValueError("must not be . or .., which clients and servers take out of addresses")
    found = next((each for each in value if each in FORBIDDEN), None)
    if found is not None:
        raise ValueError(f"must not hold the character {found}")
    raise ValueError("must consist of visible ASCII characters (U+0021 to U+007E)")


def check_client_id(value: object) -> str:
    """Return a request id that a client has chosen. Raises ValueError, saying why."""
    address = check_address(value)
    if address.startswith(RESERVED_PREFIX):
        raise ValueError(f"must not begin with {RESERVED_PREFIX}, which is kept for events")
    return address


def parse_integer(text: str, least: int, most: int) -> int:
    """Read an integer of an address: digits only, no sign but a minus, no leading zero.

    Raises ValueError, saying why.
    """
    digits = text.removeprefix("-")
    if digits.isascii() and digits.isdigit() and len(digits) <= DIGITS_MAX:
        value = int(text)
        if str(value) == text and least <= value <= most:
            return value
    raise ValueError(f"must be an integer from {least} to {most}")
