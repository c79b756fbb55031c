"""The identity that a connection signs in with, named as Functions connections name it.

`<connection>__credential` is `managedidentity` or absent, `<connection>__clientId` the client id of
a user-assigned one. Names of settings are compared without case, as the Functions host does.
"""

import importlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

_CLIENT_ID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Identity:
    """Checked settings."""

    client_id: str = ""
    """Of a user-assigned managed identity; empty for the system-assigned one."""
    managed_only: bool = False
    """Do not try what else DefaultAzureCredential tries (environment, Azure CLI, …)."""

    @classmethod
    def read(cls, settings: Mapping[str, str], connection: str) -> Self:
        """Read those of a connection from what `folded` returned. Raises ValueError."""
        name = connection.casefold()
        credential = settings.get(f"{name}__credential", "")
        if credential.casefold() not in {"", "managedidentity"}:
            raise ValueError(
                f"{connection}__credential is {credential!r}; it can only be managedidentity"
            )
        client_id = settings.get(f"{name}__clientid", "")
        if client_id and not _CLIENT_ID.fullmatch(client_id):
            raise ValueError(
                f"{connection}__clientId is {client_id!r}; it must be the client id of an identity,"
                " 32 hexadecimal digits with dashes"
            )
        return cls(client_id, bool(credential))

    def credential(self) -> Any:
        """Return a credential for asynchronous clients, to be closed by the caller.

        The package, which takes half a second to load, is loaded here and only when it is used.
        Raises ValueError when it is not installed.
        """
        try:
            identity = importlib.import_module("azure.identity.aio")
        except ImportError as error:
            raise ValueError("an address without a key needs the package azure-identity") from error
        client_id = self.client_id or None
        if self.managed_only:
            return identity.ManagedIdentityCredential(client_id=client_id)
        return identity.DefaultAzureCredential(managed_identity_client_id=client_id)


def folded(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the settings by names without case, without white space around them."""
    return {name.casefold(): text.strip() for name, text in environ.items()}


def parts_of(connection_string: str) -> dict[str, str]:
    """Return the parts of a connection string by names without case."""
    pairs = (each.partition("=") for each in connection_string.split(";"))
    return {name.strip().casefold(): value.strip() for name, _, value in pairs}
