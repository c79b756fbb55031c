"""Sends lines, metrics and spans to Application Insights: docs/decisions/0016-telemetry.md."""

import importlib
import logging
from collections.abc import Mapping
from typing import Any, Final

from opentelemetry import metrics, trace

from telemetry.decisions import LOGGER

SWITCH: Final = "PYTHON_ENABLE_OPENTELEMETRY"
"""With `true` the worker tells the host that the app exports by itself. Without it the host exports
what the app logs: then we must not, and there are neither metrics nor spans of the app."""

CONNECTION: Final = "APPLICATIONINSIGHTS_CONNECTION_STRING"
"""With it the exporter reads APPLICATIONINSIGHTS_AUTHENTICATION_STRING: the identity to use."""

DISTRO: Final = "PYTHON_APPLICATIONINSIGHTS_ENABLE_TELEMETRY"
"""With `true` the worker exports through Microsoft's distribution, set up before the app."""

PERIOD_MILLISECONDS: Final = 60_000
"""Between two exports of the metrics; Application Insights keeps them by the minute."""

log = logging.getLogger(__name__)


def start(level: int, environ: Mapping[str, str]) -> bool:
    """Write decisions from `level` on, and begin to export if the settings ask for it.

    Returns whether it exports. An invalid connection string is logged: the app works without
    telemetry.
    """
    logging.getLogger(LOGGER).setLevel(level)
    # Every call of an Azure client logs all its headers at INFO.
    logging.getLogger("azure").setLevel(logging.WARNING)
    if not environ.get(CONNECTION) or not _is_on(environ, SWITCH) or _is_on(environ, DISTRO):
        return False
    try:
        _export(environ[CONNECTION], _resource(environ))
    except ValueError as error:
        log.error("telemetry_off", exc_info=error)  # noqa: TRY400 - an event name, as everywhere
        return False
    return True


def _is_on(environ: Mapping[str, str], name: str) -> bool:
    # As the worker reads it: were it on for the worker alone, nobody would export.
    return environ.get(name, "").strip().lower() in {"true", "1", "t", "yes", "y"}


def _export(connection: str, resource: Any) -> None:
    # A fifth of a second of CPU to load: only an app that exports pays for it.
    monitor = importlib.import_module("azure.monitor.opentelemetry.exporter")
    lines = monitor.AzureMonitorLogExporter(connection_string=connection)
    numbers = monitor.AzureMonitorMetricExporter(connection_string=connection)
    spans = monitor.AzureMonitorTraceExporter(connection_string=connection)
    _export_lines(lines, resource)
    _export_metrics(numbers, resource)
    _export_spans(spans, resource)


def _export_lines(exporter: Any, resource: Any) -> None:
    sdk = importlib.import_module("opentelemetry.sdk._logs")
    out = importlib.import_module("opentelemetry.sdk._logs.export")
    forwarding = importlib.import_module("telemetry.forwarding")
    provider = sdk.LoggerProvider(resource)
    provider.add_log_record_processor(out.BatchLogRecordProcessor(exporter))
    logging.getLogger().addHandler(forwarding.ForwardingHandler(provider.get_logger(LOGGER)))


def _export_metrics(exporter: Any, resource: Any) -> None:
    sdk = importlib.import_module("opentelemetry.sdk.metrics")
    out = importlib.import_module("opentelemetry.sdk.metrics.export")
    reader = out.PeriodicExportingMetricReader(exporter, PERIOD_MILLISECONDS)
    metrics.set_meter_provider(sdk.MeterProvider([reader], resource))


def _export_spans(exporter: Any, resource: Any) -> None:
    sdk = importlib.import_module("opentelemetry.sdk.trace")
    out = importlib.import_module("opentelemetry.sdk.trace.export")
    provider = sdk.TracerProvider(resource=resource)  # keeps the traces that the host keeps
    provider.add_span_processor(out.BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)


def _resource(environ: Mapping[str, str]) -> Any:
    sdk = importlib.import_module("opentelemetry.sdk.resources")
    attributes = {
        "service.name": environ.get("WEBSITE_SITE_NAME") or LOGGER,
        "service.instance.id": environ.get("WEBSITE_INSTANCE_ID") or "",
    }
    return sdk.Resource.create({name: text for name, text in attributes.items() if text})
