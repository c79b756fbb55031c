"""host.json's `extensions.durableTask` as the options of the task hub (host-protocol 8)."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from localhost.errors import HostError, StartError
from localhost.functions import DURABLE_CLIENT, Function
from localhost.host_json import HostJson
from localhost.taskhub import HubOptions, Overridable

PARTITIONS_MAX: Final = 16
QUEUE_BATCH_MAX: Final = 32
_HUB_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9]{2,44}")
_SECTION: Final = "extensions.durableTask."


def hub_options(host: HostJson, environ: Mapping[str, str]) -> HubOptions:
    """Return the options. Raises HostError for a value that the extension refuses."""
    plain = HubOptions()
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
    host.number(section + "partitionCount", 4, 1, PARTITIONS_MAX)
    host.number(section + "controlQueueBatchSize", QUEUE_BATCH_MAX, 1, QUEUE_BATCH_MAX)
    for name in ("controlQueueVisibilityTimeout", "workItemQueueVisibilityTimeout"):
        host.span(section + name, timedelta(minutes=5), timedelta(minutes=1), timedelta(hours=1))


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
