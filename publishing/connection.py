"""Which Event Hubs to publish to, from the app settings.

The connection is the one of the trigger, named as a Functions connection is: `EventHubs` holds a
connection string, or `EventHubs__fullyQualifiedNamespace` the namespace, to be used with an
identity (a managed one on Azure). With `localhost` it is the address of that host.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Self

from settings.identity import Identity, folded

CONNECTION_NAME: Final = "EventHubs"


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
    def read(cls, environ: Mapping[str, str]) -> Self:
        """Raise ValueError, naming the setting, when the connection is missing or makes no sense."""
        settings = folded(environ)
        name = CONNECTION_NAME.casefold()
        text = settings.get(name, "")
        if text.startswith("http://"):
            return cls(address=text.rstrip("/"))
        connection = cls(
            connection_string=text,
            namespace="" if text else settings.get(f"{name}__fullyqualifiednamespace", ""),
            identity=Identity.read(settings, CONNECTION_NAME),
        )
        if not connection.connection_string and not connection.namespace:
            raise ValueError(
                f"{CONNECTION_NAME} is not set: it needs a connection string of an Event Hubs"
                f" namespace, or {CONNECTION_NAME}__fullyQualifiedNamespace its name"
            )
        return connection
