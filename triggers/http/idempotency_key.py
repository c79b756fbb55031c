r"""The header `Idempotency-Key`: the client's name for its request.

Plain (`Idempotency-Key: abc`), or a string as the IETF draft on the header has it, in quotation
marks with `\` before a quotation mark (RFC 8941, section 3.3.3).
"""

import re
from typing import Final
from uuid import uuid4

from domain.addresses import check_client_id
from domain.invalid import FieldError, Invalid

HEADER: Final = "Idempotency-Key"

QUOTED: Final = re.compile(r'"((?:[^"\\]|\\["\\])*)"')


def parse_key(header: str) -> str:
    """Return the key. Raises Invalid.

    A plain key may hold commas. So two headers of this name, which a server joins with a comma and
    nothing else, are one plain key; that is wrong but deterministic: the same again is a repeat.
    """
    try:
        return check_client_id(_unquote(header.strip()))
    except ValueError as error:
        raise Invalid(FieldError(f"header:{HEADER}", str(error))) from None


def make_key() -> str:
    """Make one up that nobody has used."""
    return uuid4().hex


def render_key(key: str) -> str:
    """Write the key so that a client may send it back as it is."""
    if not key.startswith('"'):
        return key
    escaped = key.replace('"', '\\"')
    return f'"{escaped}"'


def _unquote(text: str) -> str:
    if not text.startswith('"'):
        return text
    quoted = QUOTED.fullmatch(text)
    if quoted is None:
        raise ValueError("begins with a quotation mark and is not a quoted string")
    return re.sub(r"\\(.)", r"\1", quoted[1])
