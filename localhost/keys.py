"""The keys that Azure asks for (host-protocol 2.4). Checked only with `--enable-auth`.

Made once per data folder; a key of a single function can be added to the file by hand.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum
from pathlib import Path
from typing import Annotated

import msgspec

from localhost.data_folder import create_json, read_json

Key = Annotated[str, msgspec.Meta(min_length=1)]


class Level(IntEnum):
    """What a key opens, by what it is."""

    ANONYMOUS = 0
    """No key, or one that nobody has."""
    FUNCTION = 1
    SYSTEM = 2
    """The webhooks of the Durable Task extension."""
    ADMIN = 3


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of this host; the master key allows everything."""

    master: Key
    host: Key
    """Opens every function of level FUNCTION."""
    system: Key
    functions: Mapping[str, str] = field(default_factory=dict)
    """Opens one function each, by its name in lower case; others have one made of the master."""

    def of_function(self, name: str) -> str:
        """Return the key of one function."""
        own = self.functions.get(name.lower())
        if own is not None:
            return own
        made = hmac.digest(self.master.encode(), name.lower().encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(made).decode()

    def level_of(self, presented: str | None, function: str | None = None) -> Level:
        """Return what a key opens; `function` names the one whose own key counts too."""
        if _is_one_of(presented, self.master):
            return Level.ADMIN
        if _is_one_of(presented, self.system):
            return Level.SYSTEM
        own = () if function is None else (self.of_function(function),)
        return Level.FUNCTION if _is_one_of(presented, self.host, *own) else Level.ANONYMOUS

    def open_function(self, presented: str | None, function: str, level: str) -> bool:
        """Tell whether a key opens a function of level ANONYMOUS, FUNCTION or ADMIN."""
        if level == "ANONYMOUS":
            return True
        found = self.level_of(presented, function)
        return found is Level.ADMIN or (level == "FUNCTION" and found is Level.FUNCTION)


def _is_one_of(presented: str | None, *keys: str) -> bool:
    if not presented:
        return False
    sent = presented.lower().encode("utf-8", "surrogateescape")
    # All are compared, so that the time taken says nothing about which one matched.
    return sum(hmac.compare_digest(sent, key.lower().encode()) for key in keys) > 0


def load_keys(file: Path) -> Keys:
    """Return the keys of the file; make them when it is missing. Raises StartError if damaged."""
    if not file.exists():
        fresh = {name: secrets.token_urlsafe(40) for name in ("master", "host", "system")}
        # A standby may be doing the same; then the keys of the first one hold.
        create_json(file, {**fresh, "functions": {}}, mode=0o600)
    keys = read_json(file, Keys)
    return replace(keys, functions={name.lower(): key for name, key in keys.functions.items()})
