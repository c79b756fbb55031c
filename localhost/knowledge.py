"""How well each part of this host is known: recorded, read in source, guessed, or not built."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

HOST_VERSION: Final = "4.1037.0.0"
"""The host whose recorded answers this one is held against."""


class Basis(StrEnum):
    """Where the behaviour of a part comes from."""

    RECORDED = "recorded"
    """Held against answers of the real host; FIDELITY.md has the shares."""
    READ = "read"
    """Built from the source of host and extensions; nobody has held it against a real one."""
    GUESSED = "guessed"
    NOT_BUILT = "not built"
    """Answered 501, or refused at the start, with its name."""


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that an app may use."""

    name: str
    basis: Basis
    note: str = ""


BINDINGS: Final = {
    "httpTrigger": Part("HTTP functions", Basis.RECORDED, "http/echo, routes, precedence, keys"),
    "http": Part("HTTP answers", Basis.RECORDED, "http/returns"),
    "timerTrigger": Part("timers", Basis.RECORDED, "schedules and facts; not the clock change"),
    "durableClient": Part("Durable client", Basis.RECORDED, "durable/client, management, purge"),
    "orchestrationTrigger": Part(
        "orchestrators", Basis.RECORDED, "durable/orchestrations, failures, typing, limits"
    ),
    "activityTrigger": Part("activities", Basis.RECORDED, "durable/orchestrations, failures"),
    "entityTrigger": Part("entities", Basis.RECORDED, "durable/entities, more"),
    "eventHubTrigger": Part("Event Hubs", Basis.READ, "batches, checkpoints, retries, REST"),
}
"""By the type of a binding; every other one is not built."""

HOST_JSON: Final = {
    "version": Part("version", Basis.RECORDED),
    "functiontimeout": Part("functionTimeout", Basis.RECORDED),
    "functions": Part("functions", Basis.RECORDED),
    "logging": Part("logging", Basis.READ, "the default level only"),
    "extensionbundle": Part("extensionBundle", Basis.RECORDED, "named, never loaded"),
    "retry": Part("retry at the top", Basis.NOT_BUILT, "on Azure it wraps durable triggers too"),
    "extensions.http": Part("extensions.http", Basis.RECORDED, "variants"),
    "extensions.durabletask": Part("extensions.durableTask", Basis.RECORDED, "durable/limits"),
    "extensions.eventhubs": Part("extensions.eventHubs", Basis.READ),
    "telemetrymode": Part("telemetryMode", Basis.NOT_BUILT),
    "healthmonitor": Part("healthMonitor", Basis.NOT_BUILT),
    "concurrency": Part("concurrency", Basis.NOT_BUILT),
    "customhandler": Part("customHandler", Basis.NOT_BUILT),
    "singleton": Part("singleton", Basis.NOT_BUILT),
    "manageddependency": Part("managedDependency", Basis.NOT_BUILT),
}
"""By the lower-case path of a section of host.json."""

IN_SOURCE: Final = {
    ".call_http(": Part("call_http in orchestrators", Basis.READ, "no tokenSource"),
    "continue_as_new(": Part("continue-as-new", Basis.RECORDED, "durable/orchestrations"),
    ".rewind(": Part("rewind", Basis.RECORDED, "durable/management"),
    "wait_for_external_event(": Part("external events", Basis.RECORDED, "durable/orchestrations"),
    "create_timer(": Part("durable timers", Basis.RECORDED, "a second early, as on Azure"),
    "call_activity_with_retry(": Part("retries of activities", Basis.RECORDED, "durable/failures"),
}
"""By a text in the app's own files."""

SDK_2: Final = Part("Durable functions over gRPC", Basis.READ, "SDK 2.x; no answer was recorded")

ELSEWHERE: Final = (
    Part("Azure's front end", Basis.NOT_BUILT, "TLS, HTTP/2, CORS, EasyAuth, 230 s"),
    Part("death of a worker, time limits, SIGTERM", Basis.RECORDED, "http/lifecycle.jsonl"),
    Part("crash between two writes of the task hub", Basis.READ, "host-protocol 7.2"),
    Part("two hosts on one task hub", Basis.GUESSED, "here one owns it, a standby takes over"),
    Part("retry policies of functions", Basis.READ, "host-protocol 7.9"),
    Part("entity locks and scheduled signals", Basis.NOT_BUILT, "SDK 1.x cannot ask for them"),
    SDK_2,
    Part("apps of the v1 programming model", Basis.NOT_BUILT, "function.json"),
    Part("publishing over HTTP to event hubs", Basis.READ, "no AMQP"),
)
"""What no binding or setting stands for."""


def of_binding(kind: str) -> Part:
    """Return what is known of a binding."""
    return BINDINGS.get(kind) or Part(f"binding {kind}", Basis.NOT_BUILT)
