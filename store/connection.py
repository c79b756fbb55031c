"""Which Table Storage account to use, from the app settings, and the one client to it.

The connection is named as a Functions connection is: `TodoTables` holds a connection string, or
`TodoTables__tableServiceUri` an address to be used with an identity (a managed one on Azure).
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

from azure.data.tables.aio import TableServiceClient

from store.identity import Identity, folded

CONNECTION_NAME: Final = "TodoTables"

CONNECT_SECONDS_MAX: Final = 5.0
"""TCP and TLS within a region take milliseconds; who has not answered by then will not."""

READ_SECONDS_MAX: Final = 10.0
"""Silence after which an answer counts as lost. Single rows and transactions take 5 to 100 ms;
a partition that moves to another server of the account is back within a few seconds."""

RETRIES_MAX: Final = 2
"""Of reads, at once and after 0.4 s. Transactions are not sent again: see `store.table_client`."""

RETRY_PAUSE_SECONDS: Final = 0.2
"""Unit of the SDK's exponential pauses."""

DEVELOPMENT: Final = (
    "DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey="
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
    ";TableEndpoint=http://127.0.0.1:10002/devstoreaccount1;"
)
"""What `UseDevelopmentStorage=true` is short for: the emulator's account, the same for all."""


@dataclass(frozen=True, slots=True)
class Connection:
    """Checked settings: an account by connection string, or by address and identity."""

    connection_string: str = field(default="", repr=False)
    service_uri: str = ""
    identity: Identity = field(default_factory=Identity)

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Self:
        """Raise ValueError, naming the setting, when the connection is missing or makes no sense."""
        settings = folded(environ)
        name = CONNECTION_NAME.casefold()
        connection = cls(
            connection_string=_expanded(settings.get(name, "")),
            service_uri=settings.get(f"{name}__tableserviceuri", "")
            or settings.get(f"{name}__serviceuri", ""),
            identity=Identity.read(settings, CONNECTION_NAME),
        )
        if not connection.connection_string and not connection.service_uri:
            raise ValueError(
                f"{CONNECTION_NAME} is not set: it needs a connection string of a storage account,"
                f" or {CONNECTION_NAME}__tableServiceUri its address"
            )
        return connection

    def open(self) -> "Account":
        """Return the account. The first call connects, on the event loop that is running then.

        Raises ValueError, naming the setting, when it does not describe an account.
        """
        setting = CONNECTION_NAME + ("" if self.connection_string else "__tableServiceUri")
        try:
            if self.connection_string:
                service = TableServiceClient.from_connection_string(
                    self.connection_string, **_options()
                )
                return Account(service)
            credential = self.identity.credential()
            service = TableServiceClient(self.service_uri, credential=credential, **_options())
            return Account(service, credential)
        except ValueError as error:
            raise ValueError(f"{setting} cannot be used: {error}") from error


@dataclass(frozen=True, slots=True)
class Account:
    """A client of the account, and what it signs in with when that is an identity."""

    service: TableServiceClient
    credential: Any = None

    async def close(self) -> None:
        """Close all connections. Later calls fail."""
        await self.service.close()
        if self.credential is not None:
            await self.credential.close()


def _options() -> dict[str, Any]:
    return {
        "connection_timeout": CONNECT_SECONDS_MAX,
        "read_timeout": READ_SECONDS_MAX,
        "retry_total": RETRIES_MAX,
        "retry_backoff_factor": RETRY_PAUSE_SECONDS,
        # At INFO, its default, the SDK's lines on every request would be most of the telemetry.
        "http_logging_level": logging.DEBUG,
    }


def _expanded(connection_string: str) -> str:
    if connection_string.casefold().rstrip("; ") == "usedevelopmentstorage=true":
        return DEVELOPMENT
    return connection_string
