"""Whether host.json lets in no more at once than the Python worker has threads for.

Orchestrators and entities are plain functions and occupy a thread each, however short; let in
without one, they wait inside their invocation, where their timeout runs. All other functions here
are `async` and share the event loop. Reasons and numbers: docs/decisions/0008-host-json.md.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

THREADS: Final = "PYTHON_THREADPOOL_THREAD_COUNT"

PROCESSES: Final = "FUNCTIONS_WORKER_PROCESS_COUNT"

ON_AZURE: Final = "WEBSITE_SITE_NAME"
"""Set on every plan, and nowhere else."""

CONNECTIONS_PER_PROCESS: Final = 30
"""Of the durable client (azure-functions-durable 1.x). Each activity may hold one."""

PER_PROCESSOR: Final = 10
"""What the Durable extension lets in of each kind when host.json does not say."""


def check_concurrency(host_json: Path, environ: Mapping[str, str]) -> None:
    """Raise ValueError, naming settings and numbers, when the limits do not fit together.

    On a machine of a developer who says nothing of threads, the worker's default is good enough.
    """
    settings = {name.casefold(): text for name, text in environ.items()}
    if not settings.get(THREADS.casefold()) and ON_AZURE.casefold() not in settings:
        return
    limits = _durable_task(host_json)
    processes = _count(settings, PROCESSES, 1)
    threads = _count(settings, THREADS, min(32, (os.cpu_count() or 1) + 4))
    orchestrators, entities, activities = (
        _limit(limits, settings, kind) for kind in ("Orchestrator", "Entity", "Activity")
    )
    if orchestrators + entities > threads * processes:
        raise ValueError(
            f"host.json lets in {orchestrators} orchestrators and {entities} entities at once"
            f" (maxConcurrentOrchestratorFunctions, maxConcurrentEntityFunctions), and there are"
            f" {threads * processes} threads ({THREADS} {threads} times {PROCESSES} {processes});"
            f" {orchestrators + entities} are needed"
        )
    if activities >= CONNECTIONS_PER_PROCESS * processes:
        raise ValueError(
            f"host.json lets in {activities} activities at once (maxConcurrentActivityFunctions),"
            f" and the durable client has {CONNECTIONS_PER_PROCESS * processes} connections"
            f" ({CONNECTIONS_PER_PROCESS} times {PROCESSES} {processes}), of which accepting"
            " requests needs some"
        )


def _durable_task(host_json: Path) -> Mapping[str, Any]:
    try:
        content = json.loads(host_json.read_text(encoding="utf-8-sig"))
    except ValueError as error:
        raise ValueError(f"host.json is no JSON: {error}") from error
    extensions = _section(content, "the file").get("extensions")
    durable_task = _section(extensions, "extensions").get("durabletask")
    return _section(durable_task, "extensions.durableTask")


def _section(content: Any, name: str) -> Mapping[str, Any]:
    """Return the members by name in lower case: to the host, names are the same in any case."""
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise ValueError(f"host.json: {name} must be an object")  # noqa: TRY004 - as all else here
    return {member.casefold(): value for member, value in content.items()}


def _limit(limits: Mapping[str, Any], settings: Mapping[str, str], kind: str) -> int:
    """Return a limit; an app setting comes before host.json, as in the host."""
    name = f"maxConcurrent{kind}Functions"
    override = f"AzureFunctionsJobHost__extensions__durableTask__{name}"
    written = limits.get(name.casefold(), PER_PROCESSOR * (os.cpu_count() or 1))
    return _whole(settings.get(override.casefold()) or str(written), f"host.json: {name}")


def _count(settings: Mapping[str, str], name: str, default: int) -> int:
    return _whole(settings.get(name.casefold()) or str(default), name)


def _whole(text: str, name: str) -> int:
    if not (text.isascii() and text.isdecimal() and int(text)):
        raise ValueError(f"{name} is {text!r}; it must be a whole number above 0")
    return int(text)
