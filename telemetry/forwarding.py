"""Hands what is logged to OpenTelemetry.

The SDK's own handler is on its way into an instrumentation package, and it makes an exception of
every record that has one: such a line would no longer be among the traces, where the queries and
alarms look for it. Here the traceback is the end of the message, as where the host exports it.
"""

import logging
from collections.abc import Mapping
from typing import Final

from opentelemetry import context
from opentelemetry._logs import Logger, LogRecord, SeverityNumber

SILENT: Final = ("azure", "opentelemetry", "azure_functions_worker", "azure_functions_runtime")
"""Beginnings of names: exporting what the exporter logs would never end, and the host exports
what the worker says about itself."""

SEVERITIES: Final[Mapping[int, SeverityNumber]] = {
    logging.DEBUG: SeverityNumber.DEBUG,
    logging.INFO: SeverityNumber.INFO,
    logging.WARNING: SeverityNumber.WARN,
    logging.ERROR: SeverityNumber.ERROR,
    logging.CRITICAL: SeverityNumber.FATAL,
}
"""The standard levels; the app uses no others."""


class ForwardingHandler(logging.Handler):
    """Gives each record to a logger of OpenTelemetry, with the trace that it belongs to."""

    def __init__(self, logger: Logger) -> None:
        """Give them to `logger`."""
        super().__init__()
        self._logger = logger

    def emit(self, record: logging.LogRecord) -> None:
        """Never raise: `logging.raiseExceptions` decides whether a failure is printed."""
        if record.name.split(".", 1)[0] in SILENT:
            return
        try:
            self._logger.emit(self._record(record))
        except Exception:  # noqa: BLE001 - logging's own way to report it
            self.handleError(record)

    def _record(self, record: logging.LogRecord) -> LogRecord:
        return LogRecord(
            timestamp=int(record.created * 1e9),
            context=context.get_current(),
            severity_number=SEVERITIES.get(record.levelno, SeverityNumber.UNSPECIFIED),
            severity_text=record.levelname,
            body=self.format(record),
            attributes={"logger": record.name, **getattr(record, "fields", {})},
        )
