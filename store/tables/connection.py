"""Which Table Storage account to use, from the app settings, and the one connection to it.

The connection is named as a Functions connection is: `EO_TABLES` holds a connection string, or
`EO_TABLES__tableServiceUri` an address to be used with an identity (a managed one on Azure).

Requests are built and answers are read here (`store.tables.requests`, `store.tables.answers`), and
the SDK signs, sends and repeats them: docs/decisions/0024.
"""

import re
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self
from urllib.parse import urlsplit

import aiohttp
from azure.core import AsyncPipelineClient
from azure.core.exceptions import AzureError, ServiceResponseError
from azure.core.pipeline.policies import (
    AsyncRedirectPolicy,
    AzureSasCredentialPolicy,
    ContentDecodePolicy,
    CustomHookPolicy,
    DistributedTracingPolicy,
    HttpLoggingPolicy,
    NetworkTraceLoggingPolicy,
    ProxyPolicy,
    RequestIdPolicy,
)
from azure.core.pipeline.transport import AioHttpTransport
from azure.core.rest import AsyncHttpResponse, HttpRequest
from azure.data.tables.aio import TableServiceClient

from settings.identity import Identity, folded, parts_of

CONNECTION_NAME: Final = "EO_TABLES"

CONNECTIONS_MAX: Final = 4_000
"""TCP connections: `store.tables.client.CALLS_PER_KEY_MAX` calls of 500 keys that all hang. Idle
ones are closed after 15 s."""

CONNECT_SECONDS_MAX: Final = 5.0
"""TCP and TLS within a region take milliseconds; who has not answered by then will not."""

READ_SECONDS_MAX: Final = 10.0
"""Silence after which an answer counts as lost. Single rows and transactions take 5 to 100 ms;
a partition that moves to another server of the account is back within a few seconds."""

RETRIES_MAX: Final = 2
"""Of reads, at once and after 0.4 s. Writes are not sent again: see `store.tables.client`."""

RETRY_PAUSE_SECONDS: Final = 0.2
"""Unit of the SDK's exponential pauses."""

UNUSED: Final = (
    *(AsyncRedirectPolicy, ContentDecodePolicy, CustomHookPolicy, DistributedTracingPolicy),
    *(HttpLoggingPolicy, NetworkTraceLoggingPolicy, ProxyPolicy, RequestIdPolicy),
)
"""Policies of the SDK that a request of ours does without: redirects are errors, and the lines that
the SDK logs on each request, at INFO, would be most of the telemetry."""

DEVELOPMENT: Final = (
    "DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey="
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
    ";TableEndpoint=http://127.0.0.1:10002/devstoreaccount1;"
)
"""What `UseDevelopmentStorage=true` is short for: the emulator's account, the same for all."""

_SIGNATURE: Final = re.compile(r"\bsig=[^&\s\"']*")

_ACCOUNT_NAME: Final = re.compile(r"[a-z0-9]{1,24}")


@dataclass(frozen=True, slots=True)
class Connection:
    """Checked settings: an account by connection string, or by address and identity."""

    connection_string: str = field(default="", repr=False)
    service_uri: str = ""
    identity: Identity = field(default_factory=Identity)

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Self:
        """Raise ValueError, naming the setting, when the connection is missing or wrong."""
        settings = folded(environ)
        name = CONNECTION_NAME.casefold()
        text = _expanded(settings.get(name, ""))
        address = settings.get(f"{name}__tableserviceuri") or settings.get(f"{name}__serviceuri")
        if text and address:
            raise ValueError(
                f"{CONNECTION_NAME} and {CONNECTION_NAME}__tableServiceUri are both set: the account"
                " of the log must be named once"
            )
        if not text and not address:
            raise ValueError(
                f"{CONNECTION_NAME} is not set: it needs a connection string of a storage account,"
                f" or {CONNECTION_NAME}__tableServiceUri its address"
            )
        return cls(text, address or "", Identity.read(settings, CONNECTION_NAME))

    def open(self) -> "Account":
        """Return the account. The first request connects, on the event loop that is running then.

        Raises ValueError, naming the setting, when it does not describe an account.
        """
        setting = CONNECTION_NAME + ("" if self.connection_string else "__tableServiceUri")
        options: Any = {"retry_total": RETRIES_MAX, "retry_backoff_factor": RETRY_PAUSE_SECONDS}
        try:
            if self.connection_string:
                _check_connection_string(self.connection_string)
                service = TableServiceClient.from_connection_string(
                    self.connection_string, **options
                )
                return Account(service)
            _check_address(self.service_uri)
            credential = self.identity.credential()
            service = TableServiceClient(self.service_uri, credential=credential, **options)
            return Account(service, credential)
        except ValueError as error:
            raise ValueError(f"{setting} cannot be used: {error}") from error


class Account:
    """Sends requests to the account. Belongs to the event loop of the first one."""

    def __init__(self, service: TableServiceClient, credential: Any = None) -> None:
        """Sign in as `service` does, with `credential` when that is an identity."""
        self.url = service.url.partition("?")[0].rstrip("/")
        """Without a signature, which may be behind it."""
        self._credential = credential
        self._policies = [each for each in service._policies if not isinstance(each, UNUSED)]  # noqa: SLF001
        self._signs_addresses = any(
            isinstance(each, AzureSasCredentialPolicy) for each in self._policies
        )
        self._client: AsyncPipelineClient[HttpRequest, AsyncHttpResponse] | None = None
        self._closed = False

    async def send(self, request: HttpRequest, *, retry: bool) -> AsyncHttpResponse:
        """Send a request and read its answer, whatever it says; again after a failure if `retry`.

        Raises what the SDK and aiohttp raise when there is no answer, and ValueError when closed.
        """
        if self._closed:
            raise ValueError("the store is closed")
        if self._client is None:
            self._client = self._connect()
        options: Any = {} if retry else {"retry_total": 0}
        try:
            return await self._client.send_request(request, **options)
        except AzureError as error:
            if not self._signs_addresses:
                raise
            # The signature is in the address, and some errors show that.
            raise ServiceResponseError(_SIGNATURE.sub("sig=...", str(error))) from None

    async def close(self) -> None:
        """Close all connections. Later requests fail."""
        self._closed = True
        if self._client is not None:
            await self._client.close()
        if self._credential is not None:
            await self._credential.close()

    def _connect(self) -> AsyncPipelineClient[HttpRequest, AsyncHttpResponse]:
        session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=CONNECTIONS_MAX),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,  # the SDK does
        )
        transport = AioHttpTransport(
            session=session,
            use_env_settings=False,  # which reads .netrc and the proxy variables on every request
            connection_timeout=CONNECT_SECONDS_MAX,
            read_timeout=READ_SECONDS_MAX,
        )
        return AsyncPipelineClient(self.url, policies=self._policies, transport=transport)


def _check_address(address: str) -> None:
    parts = urlsplit(address)
    if parts.scheme != "https" or not parts.hostname or parts.path.strip("/") or parts.query:
        raise ValueError("it must be an address such as https://<account>.table.core.windows.net")
    if ".table." not in parts.hostname:
        raise ValueError(f"{parts.hostname} is not the table service of an account")


def _check_connection_string(text: str) -> None:
    """Refuse what the SDK would take and fail with at the first request. Shows no key."""
    parts = parts_of(text)
    name = parts.get("accountname")
    if name is not None and not _ACCOUNT_NAME.fullmatch(name):
        raise ValueError(f"its AccountName {name!r} is not 1 to 24 small letters and digits")
    try:
        b64decode(parts.get("accountkey", ""), validate=True)
    except ValueError:
        raise ValueError("its AccountKey is not Base64") from None


def _expanded(connection_string: str) -> str:
    if connection_string.casefold().rstrip("; ") == "usedevelopmentstorage=true":
        return DEVELOPMENT
    return connection_string
