r"""The header `Idempotency-Key`: the client's name for its request.

Plain (`Idempotency-Key: abc`), or a string as the IETF draft on the header has it, in quotation
marks with `\` before a quotation mark or a backslash (RFC 8941, section 3.3.3).
"""

import re
from typing import Final
from uuid import uuid4

from todos.wire import FieldError, Invalid, check_request_id

QUOTED: Final = re.compile(r'"((?:[^"\\]|\\["\\])*)"')


def parse_key(header: str | None) -> str:
    """Return the key, one made up when there is none. Raises Invalid.

    A plain key may hold commas. So two headers of this name, which every server joins with a
    comma, are one plain key; that is wrong but deterministic: the same request again is a repeat.
    """
    if header is None:
        return uuid4().hex
    try:
        return check_request_id(_unquote(header.strip()))
    except ValueError as error:
        raise Invalid(FieldError("header:Idempotency-Key", str(error))) from None


def render_key(key: str) -> str:
    """Write the key so that a client may send it back as it is."""
    if not key.startswith('"'):
        return key
    escaped = key.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _unquote(text: str) -> str:
    if not text.startswith('"'):
        return text
    quoted = QUOTED.fullmatch(text)
    if quoted is None:
        raise ValueError("begins with a quotation mark and is not a quoted string")
    return re.sub(r"\\(.)", r"\1", quoted[1])
