"""JSON files as the Functions host and Core Tools read them, which is by Newtonsoft.Json.

A byte order mark, comments and trailing commas are allowed.
"""

import json
import re
from pathlib import Path
from typing import Any, Final

_TOKEN: Final = re.compile(
    r"""("(?:[^"\\]|\\.)*")      # a string stays as it is
        | //[^\n]* | /\*.*?\*/    # comments go
        | ,(?=(?:\s|//[^\n]*|/\*.*?\*/)*[}\]])  # and so do trailing commas""",
    re.DOTALL | re.VERBOSE,
)


def read_object(path: Path) -> dict[str, Any]:
    """Return the object in a file. Raises OSError, and ValueError that names the file."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        content = json.loads(_TOKEN.sub(lambda match: match[1] or "", text))
    except ValueError as error:
        raise ValueError(f"{path.name} is not valid JSON: {error}") from error
    if not isinstance(content, dict):
        raise ValueError(f"{path.name} must be a JSON object")  # noqa: TRY004 - a bad setting
    return content
