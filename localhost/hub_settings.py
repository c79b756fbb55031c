"""host.json's `extensions.durableTask` as the options of the task hub (host-protocol 8)."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from localhost.errors import HostError, StartError
from localhost.functions import DURABLE_CLIENT, Function
from localhost.host_json import HostJson
from localhost.profile import NONE, Profile
from localhost.taskhub import HubOptions, Overridable
from localhost.taskhub.clock import SECOND
from localhost.taskhub.queues import QueueTimes

PARTITIONS_MAX: Final = 16
QUEUE_BATCH_MAX: Final = 32
VISIBILITY_SECONDS: Final = 300.0
_HUB_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9]{2,44}")
_SECTION: Final = "extensions.durableTask."


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

    def number(name: str, default: int, at_least: int = 1) -> int:
        return host.number(_SECTION + name, default, at_least)

    return HubOptions(
        hub_name=hub_name,
        default_version=host.text(_SECTION + "defaultVersion", "") or None,
        max_concurrent_activities=number(
            "maxConcurrentActivityFunctions", plain.max_concurrent_activities
        ),
        max_concurrent_orchestrators=number(
            "maxConcurrentOrchestratorFunctions", plain.max_concurrent_orchestrators
        ),
        max_concurrent_entities=number(
            "maxConcurrentEntityFunctions", plain.max_concurrent_entities
        ),
        max_entity_operation_batch_size=number(
            "maxEntityOperationBatchSize", plain.max_entity_operation_batch_size
        ),
        entity_message_reorder_window_minutes=number(
            "entityMessageReorderWindowInMinutes", plain.entity_message_reorder_window_minutes, -1
        ),
        max_orchestration_actions=number(
            "maxOrchestrationActions", plain.max_orchestration_actions
        ),
        overridable_existing_instance_states=_overridable(host),
        store_inputs_in_history=host.flag(
            _SECTION + "storeInputsInOrchestrationHistory", default=plain.store_inputs_in_history
        ),
        http_pause=number("httpSettings.defaultAsyncRequestSleepTimeMilliseconds", 30_000, 0)
        * 1_000,
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


def _overridable(host: HostJson) -> Overridable:
    path = _SECTION + "overridableExistingInstanceStates"
    text = host.text(path, Overridable.NON_RUNNING_STATES)
    for state in Overridable:
        if state.lower() == text.lower():
            return state
    raise HostError(f"host.json: `{path}` must be one of {', '.join(Overridable)}, not {text!r}")


def check_clients(functions: list[Function], options: HubOptions) -> None:
    """Raise StartError when a durable client wants another task hub: there is only this one."""
    for function in functions:
        for binding in function.bindings:
            wanted = binding.get("taskHub")
            if binding["type"] == DURABLE_CLIENT and wanted not in {None, "", options.hub_name}:
                raise StartError(f"{function.name}: there is no task hub {wanted!r} here")
