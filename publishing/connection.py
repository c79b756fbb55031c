"""Which Event Hubs to use, from the app settings.

The connection is the one of the trigger, named as a Functions connection is: `EventHubs` holds a
connection string, or `EventHubs__fullyQualifiedNamespace` the namespace, to be used with an
identity (a managed one on Azure). With `localhost` it is the address of that host.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final, Self
from urllib.parse import urlsplit

from settings.identity import Identity, folded, parts_of

CONNECTION_NAME: Final = "EventHubs"

_NAMESPACE: Final = re.compile(r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")


@dataclass(frozen=True, slots=True)
class Connection:
    """Checked settings. Exactly one of the first three is there."""

    connection_string: str = field(default="", repr=False)
    namespace: str = ""
    """Fully qualified: `example.servicebus.windows.net`."""
    address: str = ""
    """`http://127.0.0.1:7071`: Event Hubs over REST, as `localhost` serves them."""
    identity: Identity = field(default_factory=Identity)

    @classmethod
    def read(cls, environ: Mapping[str, str], hubs: Collection[str]) -> Self:
        """Raise ValueError, naming the setting, when it is missing or does not lead to `hubs`."""
        settings = folded(environ)
        name = CONNECTION_NAME.casefold()
        text = settings.get(name, "")
        namespace = settings.get(f"{name}__fullyqualifiednamespace", "")
        if text and namespace:
            raise ValueError(
                f"{CONNECTION_NAME} and {CONNECTION_NAME}__fullyQualifiedNamespace are both set:"
                " the namespace must be named once"
            )
        if text.startswith("http://"):
            return cls(address=_address(text))
        if text:
            _check_connection_string(text, hubs)
        elif not namespace:
            raise ValueError(
                f"{CONNECTION_NAME} is not set: it needs a connection string of an Event Hubs"
                f" namespace, or {CONNECTION_NAME}__fullyQualifiedNamespace its name"
            )
        elif not _NAMESPACE.fullmatch(namespace):
            raise ValueError(
                f"{CONNECTION_NAME}__fullyQualifiedNamespace is {namespace!r}; it must be a name"
                " such as example.servicebus.windows.net"
            )
        return cls(text, namespace, identity=Identity.read(settings, CONNECTION_NAME))


def _address(text: str) -> str:
    try:
        parts = urlsplit(text)
        if parts.hostname and parts.port != 0:
            return text.rstrip("/")
    except ValueError:  # a port that is none
        pass
    raise ValueError(f"{CONNECTION_NAME} is {text!r}, which is no address")


def _check_connection_string(text: str, hubs: Collection[str]) -> None:
    """Refuse one that is none, or is of another hub. Its key is in no message."""
    parts = parts_of(text)
    has_key = parts.get("sharedaccesskeyname") and parts.get("sharedaccesskey")
    if not (has_key or parts.get("sharedaccesssignature")):
        raise ValueError(
            f"{CONNECTION_NAME} cannot be used: it has neither SharedAccessKeyName and"
            " SharedAccessKey nor SharedAccessSignature"
        )
    endpoint = urlsplit(parts.get("endpoint", ""))
    if endpoint.scheme != "sb" or not endpoint.hostname:
        raise ValueError(f"{CONNECTION_NAME} cannot be used: its Endpoint must begin with sb://")
    entity = parts.get("entitypath")
    if entity and any(each.casefold() != entity.casefold() for each in hubs):
        raise ValueError(
            f"{CONNECTION_NAME} cannot be used: its EntityPath is {entity!r}, and the hubs are"
            f" {', '.join(sorted(hubs))}: take the connection string of the namespace"
        )
