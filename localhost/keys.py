"""The keys that Azure asks for (host-protocol 2.4). Checked only with `--enable-auth`.

Made once per data folder; a key of a single function can be added to the file by hand.
"""

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeGuard

from localhost.data_folder import create_json, read_json
from localhost.errors import StartError


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of this host; whoever has the master key may do everything."""

    master: str
    host: str
    """Opens every function of level FUNCTION."""
    system: str
    """Opens the webhooks of the Durable Task extension."""
    functions: Mapping[str, str] = field(default_factory=dict)
    """Opens one function each, by its name in lower case."""

    def open_function(self, presented: str | None, function: str, level: str) -> bool:
        """Tell whether a key opens a function of level ANONYMOUS, FUNCTION or ADMIN."""
        if level == "ANONYMOUS":
            return True
        if level == "ADMIN":
            return self.open_admin(presented)
        own = self.functions.get(function.lower())
        return _is_one_of(presented, self.master, self.host, own)

    def open_admin(self, presented: str | None) -> bool:
        """Tell whether a key opens /admin and functions of level ADMIN."""
        return _is_one_of(presented, self.master)

    def open_webhooks(self, presented: str | None) -> bool:
        """Tell whether a key opens /runtime/webhooks/durabletask."""
        return _is_one_of(presented, self.master, self.system)


def _is_one_of(presented: str | None, *keys: str | None) -> bool:
    if not presented:
        return False
    sent = presented.encode("utf-8", "surrogateescape")
    # All are compared, so that the time taken says nothing about which one matched.
    return sum(key is not None and hmac.compare_digest(sent, key.encode()) for key in keys) > 0


def load_keys(file: Path) -> Keys:
    """Return the keys of the file; make them when it is missing. Raises StartError if damaged."""
    if not file.exists():
        fresh = {name: secrets.token_urlsafe(40) for name in ("master", "host", "system")}
        # A standby may be doing the same; then the keys are those of whoever came first.
        create_json(file, {**fresh, "functions": {}}, mode=0o600)
    return _keys_of(read_json(file), file)


def _keys_of(content: Any, file: Path) -> Keys:
    if isinstance(content, dict):
        master, host, system = (content.get(name) for name in ("master", "host", "system"))
        functions = content.get("functions", {})
        if _is_key(master) and _is_key(host) and _is_key(system) and isinstance(functions, dict):
            own = {str(name).lower(): str(key) for name, key in functions.items()}
            return Keys(master, host, system, own)
    raise StartError(f"{file} is damaged: it must hold master, host and system keys")


def _is_key(value: Any) -> TypeGuard[str]:
    return isinstance(value, str) and bool(value)
