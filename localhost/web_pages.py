"""What a web page of somebody else makes a browser on this machine ask for.

A page anywhere can have the browser send text/plain to 127.0.0.1, and can give its own name that
address (DNS rebinding) to read answers too. Without keys nothing but the headers tells them apart.
The app's own routes are left alone, as on Azure: they take JSON only, which a page may not send.
"""

from collections.abc import Mapping
from typing import Final

LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "[::1]"})


def is_of_a_page_elsewhere(headers: Mapping[str, str], *, only_loopback: bool) -> bool:
    """Tell whether a page of another site asks; `only_loopback`: whether this host listens there
    only, so that it has no other name.
    """
    host = headers.get("Host", "")
    name = host if host.endswith("]") else host.rpartition(":")[0] or host
    if only_loopback and name.lower() not in LOOPBACK:
        return True
    origin = headers.get("Origin")
    return origin is not None and origin.lower() != f"http://{host.lower()}"
