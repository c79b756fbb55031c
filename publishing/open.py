"""Which producer, from the settings. The SDK is loaded here, and only when it is used."""

from collections.abc import Mapping

from publishing.connection import Connection
from publishing.producer import Producer


def open_producer(hub: str, environ: Mapping[str, str]) -> Producer:
    """Return a producer for `hub`; the first call connects. Raises ValueError, as `read` does."""
    connection = Connection.read(environ, [hub])
    if connection.address:
        from publishing.rest_producer import RestProducer

        return RestProducer(connection.address, hub)
    # The SDK takes a third of a second to load.
    from publishing.azure_producer import AzureProducer

    return AzureProducer(connection, hub)
