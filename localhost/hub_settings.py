"""host.json's `extensions.durableTask` as the options of the task hub (host-protocol 8)."""

from collections.abc import Mapping
from typing import Final

from localhost.errors import StartError
from localhost.functions import DURABLE_CLIENT, Function
from localhost.host_json import HostJson
from localhost.taskhub import HubOptions, Overridable

_SECTION: Final = "extensions.durableTask."


def hub_options(host: HostJson, environ: Mapping[str, str]) -> HubOptions:
    """Return the options. Raises StartError for a value that the extension would refuse."""
    plain = HubOptions()

    def number(name: str, default: int, at_least: int = 1) -> int:
        return host.number(_SECTION + name, default, at_least)

    return HubOptions(
        hub_name=host.text(
            _SECTION + "hubName", environ.get("WEBSITE_SITE_NAME") or plain.hub_name
        ),
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
            "entityMessageReorderWindowInMinutes", plain.entity_message_reorder_window_minutes, 0
        ),
        max_orchestration_actions=number(
            "maxOrchestrationActions", plain.max_orchestration_actions
        ),
        overridable_existing_instance_states=_overridable(host),
        store_inputs_in_history=host.flag(
            _SECTION + "storeInputsInOrchestrationHistory", default=plain.store_inputs_in_history
        ),
    )


def _overridable(host: HostJson) -> Overridable:
    path = _SECTION + "overridableExistingInstanceStates"
    text = host.text(path, Overridable.NON_RUNNING_STATES)
    for state in Overridable:
        if state.lower() == text.lower():
            return state
    raise StartError(f"host.json: `{path}` must be one of {', '.join(Overridable)}, not {text!r}")


def check_clients(functions: list[Function], options: HubOptions) -> None:
    """Raise StartError when a durable client wants another task hub: there is only this one."""
    for function in functions:
        for binding in function.bindings:
            wanted = binding.get("taskHub")
            if binding["type"] == DURABLE_CLIENT and wanted not in {None, "", options.hub_name}:
                raise StartError(f"{function.name}: there is no task hub {wanted!r} here")
