"""host.json as the host reads it: the one reader of it in the app.

Names in any case. App settings `AzureFunctionsJobHost__a__b` come before the file.
"""

import logging
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from settings.json_file import read_object

OVERRIDE: Final = "AzureFunctionsJobHost__"

THREADS: Final = "PYTHON_THREADPOOL_THREAD_COUNT"

PROCESSES: Final = "FUNCTIONS_WORKER_PROCESS_COUNT"

ON_AZURE: Final = "WEBSITE_SITE_NAME"
"""Set on every plan, and nowhere else."""

CONNECTIONS_PER_PROCESS: Final = 30
"""Of the durable client (azure-functions-durable 1.x). Each activity may hold one."""

PER_PROCESSOR: Final = 10
"""What the Durable extension lets in of each kind when host.json does not say."""

LEVELS: Final[Mapping[str, int]] = {
    "trace": logging.DEBUG,
    "debug": logging.DEBUG,
    "information": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
    "critical": logging.CRITICAL,
    "none": logging.CRITICAL + 1,
}
"""Names of .NET."""

TIMEOUT_SECONDS_DEFAULT: Final = 300.0
"""`functionTimeout` where host.json does not say, on the plan where it is shortest."""


_SETTING: Final = re.compile(r"%([^%]+)%")

_TASK_HUB: Final = re.compile(r"[A-Za-z][A-Za-z0-9]{2,44}")
"""What the Durable extension takes."""


@dataclass(frozen=True, slots=True)
class HostJson:
    """The content, with the app settings that override it."""

    content: Mapping[str, Any]
    environ: Mapping[str, str]
    """By name in lower case."""

    @classmethod
    def read(cls, path: Path, environ: Mapping[str, str]) -> Self:
        """Raise ValueError, naming the file, when it is not a JSON object."""
        return cls(read_object(path), {name.casefold(): text for name, text in environ.items()})

    def text(self, path: str) -> str | None:
        """Return the value at `a.b.c`, as text; None when nobody sets it."""
        override = self.environ.get((OVERRIDE + path.replace(".", "__")).casefold())
        if override:
            return override
        value: Any = self.content
        for name in path.split("."):
            if not isinstance(value, dict):
                return None
            members = {member.casefold(): each for member, each in value.items()}
            value = members.get(name.casefold())
        return None if value is None or isinstance(value, dict) else str(value)

    def log_level(self) -> int:
        """Return the level from which on the app's lines are kept. Raises ValueError.

        The host files what functions log under `Function.<name>.User`.
        """
        for category in ("Function", "default"):
            name = self.text(f"logging.logLevel.{category}")
            if name:
                if name.lower() not in LEVELS:
                    names = ", ".join(each.capitalize() for each in LEVELS)
                    raise ValueError(
                        f"host.json: logLevel {category} is {name!r}; it is one of {names}"
                    )
                return LEVELS[name.lower()]
        return logging.INFO

    def timeout_seconds(self) -> float:
        """Return `functionTimeout`, in seconds. Raises ValueError."""
        text = self.text("functionTimeout")
        if not text or text == "-1":
            return TIMEOUT_SECONDS_DEFAULT
        match = re.fullmatch(r"(?:(\d+)\.)?(\d\d?):(\d\d?):(\d\d?)", text)
        if match is None:
            raise ValueError(f"host.json: functionTimeout is {text!r}; it must be `hh:mm:ss`")
        days, hours, minutes, seconds = (int(each or 0) for each in match.groups())
        return float(((days * 24 + hours) * 60 + minutes) * 60 + seconds)

    def check_task_hub(self) -> None:
        """Raise ValueError when the task hub is called what none can be called.

        `hubName` may name app settings in percent signs: then those are at fault.
        """
        text = self.text("extensions.durableTask.hubName")
        if not text:
            return
        named = _SETTING.fullmatch(text)
        name = _SETTING.sub(lambda match: self.environ.get(match[1].casefold(), "?"), text)
        if not _TASK_HUB.fullmatch(name):
            setting = named[1] if named else "host.json: hubName"
            raise ValueError(
                f"{setting} is {name!r}; a task hub is named by 3 to 45 letters and digits, the"
                " first a letter"
            )

    def check_concurrency(self) -> None:
        """Raise ValueError when host.json lets in more at once than there are threads for.

        Orchestrators are plain functions and occupy a thread each, however short; let in without
        one, they wait inside their invocation, where their timeout runs. All other functions of
        the app are `async` and share the event loop (docs/decisions/0008).
        """
        # On a machine of a developer who says nothing of threads, the worker's default is enough.
        if not self.environ.get(THREADS.casefold()) and ON_AZURE.casefold() not in self.environ:
            return
        processes = self._count(PROCESSES, 1)
        threads = self._count(THREADS, min(32, (os.cpu_count() or 1) + 4)) * processes
        orchestrators, activities = self._limit("Orchestrator"), self._limit("Activity")
        if orchestrators > threads:
            raise ValueError(
                f"host.json lets in {orchestrators} orchestrators at once"
                f" (maxConcurrentOrchestratorFunctions), and there are {threads} threads"
                f" ({THREADS} times {PROCESSES} {processes})"
            )
        connections = CONNECTIONS_PER_PROCESS * processes
        if activities >= connections:
            raise ValueError(
                f"host.json lets in {activities} activities at once"
                f" (maxConcurrentActivityFunctions), and the durable client has {connections}"
                " connections, of which answering requests needs some"
            )

    def _limit(self, kind: str) -> int:
        name = f"maxConcurrent{kind}Functions"
        text = self.text(f"extensions.durableTask.{name}")
        return _whole(text or str(PER_PROCESSOR * (os.cpu_count() or 1)), f"host.json: {name}")

    def _count(self, name: str, default: int) -> int:
        return _whole(self.environ.get(name.casefold()) or str(default), name)


def _whole(text: str, name: str) -> int:
    if not (text.isascii() and text.isdecimal() and int(text)):
        raise ValueError(f"{name} is {text!r}; it must be a whole number above 0")
    return int(text)
