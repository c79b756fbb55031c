"""host.json's `extensions.durableTask` as the options of the task hub (host-protocol 8)."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from localhost.errors import HostError, StartError
from localhost.functions import DURABLE_CLIENT, Function
from localhost.host_json import HostJson
from localhost.profile import NONE, Profile
from localhost.taskhub import HubOptions
from localhost.taskhub.clock import SECOND
from localhost.taskhub.queues import QueueTimes

PARTITIONS_MAX: Final = 16
QUEUE_BATCH_MAX: Final = 32
VISIBILITY_SECONDS: Final = 300.0
_HUB_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9]{2,44}")
_SECTION: Final = "extensions.durableTask."
_NUMBERS: Final = {
    "max_concurrent_activities": ("maxConcurrentActivityFunctions", 1),
    "max_concurrent_orchestrators": ("maxConcurrentOrchestratorFunctions", 1),
    "max_concurrent_entities": ("maxConcurrentEntityFunctions", 1),
    "max_entity_operation_batch_size": ("maxEntityOperationBatchSize", 1),
    "entity_message_reorder_window_minutes": ("entityMessageReorderWindowInMinutes", -1),
    "max_orchestration_actions": ("maxOrchestrationActions", 1),
}
"""Options, the settings of host.json that they are, and the least that each may be."""


def hub_options(
    host: HostJson, environ: Mapping[str, str], profile: Profile = NONE, factor: float = 1.0
) -> HubOptions:
    """Return the options; `factor` shortens what passes after a kill.

    Raises HostError for a value that the extension refuses.
    """
    plain = HubOptions()
    queues = _queues(host, profile, factor)
    _check_storage(host)
    hub_name = host.text(_SECTION + "hubName", environ.get("WEBSITE_SITE_NAME") or plain.hub_name)
    if _HUB_NAME.fullmatch(hub_name) is None:
        raise HostError(f"host.json: the task hub name {hub_name!r} is not valid")
    if host.flag(_SECTION + "extendedSessionsEnabled", default=False):
        raise HostError("host.json: durableTask cannot have extendedSessionsEnabled with Python")

    numbers: dict[str, Any] = {
        option: host.number(_SECTION + name, getattr(plain, option), at_least)
        for option, (name, at_least) in _NUMBERS.items()
    }
    pause = _SECTION + "httpSettings.defaultAsyncRequestSleepTimeMilliseconds"
    return replace(
        plain,
        **numbers,
        hub_name=hub_name,
        default_version=host.text(_SECTION + "defaultVersion", "") or None,
        overridable_existing_instance_states=host.choice(
            _SECTION + "overridableExistingInstanceStates",
            plain.overridable_existing_instance_states,
        ),
        store_inputs_in_history=host.flag(
            _SECTION + "storeInputsInOrchestrationHistory", default=plain.store_inputs_in_history
        ),
        http_pause=host.number(pause, 30_000) * 1_000,
        queues=queues,
        storage_seconds=profile.storage_seconds,
        lease=_microseconds(profile.lease_seconds * factor),
    )


def _check_storage(host: HostJson) -> None:
    """Raise HostError for a storage provider that the extension refuses."""
    section = _SECTION + "storageProvider."
    kind = host.text(section + "type", "azureStorage")
    if kind.lower() not in {"azurestorage", "azure_storage"}:
        raise HostError(f"host.json: the storage provider {kind!r} is not known")
    connection = host.text(section + "connectionName", "AzureWebJobsStorage")
    if connection.lower() not in {"azurewebjobsstorage", "storage"}:
        raise HostError(f"host.json: there is no connection {connection!r}")
    host.number(section + "controlQueueBatchSize", QUEUE_BATCH_MAX, 1, QUEUE_BATCH_MAX)


def _queues(host: HostJson, profile: Profile, factor: float) -> QueueTimes | None:
    """Return the times of the queues; None when what is sent arrives at once, also after a kill."""
    section = _SECTION + "storageProvider."

    def seconds(name: str, default: float, low: timedelta = timedelta()) -> float:
        span = host.span(section + name, timedelta(seconds=default), low, timedelta(hours=1))
        return span.total_seconds()

    polling = seconds("maxQueuePollingInterval", profile.polling_default_seconds)
    visible = [
        seconds(name, VISIBILITY_SECONDS, timedelta(minutes=1))
        for name in ("controlQueueVisibilityTimeout", "workItemQueueVisibilityTimeout")
    ]
    partitions = host.number(section + "partitionCount", 4, 1, PARTITIONS_MAX)
    if profile.polling_seconds is not None:
        polling = profile.polling_seconds
    if profile.visibility_seconds is not None:
        visible = [profile.visibility_seconds] * 2
    if not polling and not any(visible):
        return None
    control, work_items = (_microseconds(each * factor) for each in visible)
    return QueueTimes(_microseconds(polling), control, work_items, partitions)


def _microseconds(seconds: float) -> int:
    return round(seconds * SECOND)


def check_clients(functions: list[Function], options: HubOptions) -> None:
    """Raise StartError when a durable client wants another task hub: there is only this one."""
    for function in functions:
        for binding in function.bindings:
            wanted = binding.get("taskHub")
            if binding["type"] == DURABLE_CLIENT and wanted not in {None, "", options.hub_name}:
                raise StartError(f"{function.name}: there is no task hub {wanted!r} here")
