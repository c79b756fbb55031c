"""Apps, host.json and settings that are odd or wrong: what starts, and what it answers."""

import json
import tempfile
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from localhost.conformance.corpus import RECORDED, read_lines
from localhost.conformance.hosts import RunningHost, StartFailed, ask, running

FILE: Final = RECORDED / "http" / "variants.jsonl"
STATUS_PATH: Final = "/admin/host/status"
ANY_BODY: Final = "*"

Variant = Mapping[str, Any]


def read_variants() -> list[tuple[str, Variant]]:
    """Return all variants with their ids, which never change."""
    lines = enumerate(read_lines(FILE), 1)
    return [(f"variant-{number:03}-{line['name']}", line) for number, line in lines]


def outcome_of(variant: Variant) -> dict[str, Any]:
    """Start a host with a variant and return what is recorded of the real one."""
    with tempfile.TemporaryDirectory(prefix="variant-") as folder:
        source = Path(folder) / "source"
        for name, content in variant["files"].items():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_text(content, "utf-8")
        with running(source, Path(folder), variant["env"]) as host:
            try:
                port = host.port()
            except StartFailed:
                port = 0
            return _outcome(variant["outcome"], host, port)


def _outcome(recorded: Variant, host: RunningHost, port: int) -> dict[str, Any]:
    seen: dict[str, Any] = {
        "state": _state(port),
        "routes": {path: _route(port, path, told) for path, told in recorded["routes"].items()},
    }
    if "/" in recorded:
        seen["/"] = _ask(port, "/")[0]
    if "errors" in recorded:
        seen["errors"] = "; ".join(json.loads(_ask(port, STATUS_PATH)[1])["errors"])
    if "not_indexed" in recorded:
        seen["not_indexed"] = _not_indexed(port)
    seen["process"] = "exited" if host.process.poll() is not None else "running"
    return seen


def recorded_of(variant: Variant) -> dict[str, Any]:
    """Return the part of a recorded outcome that is compared."""
    return {
        name: value for name, value in variant["outcome"].items() if name not in {"log", "note"}
    }


def _state(port: int) -> Any:
    status, body, _ = _ask(port, STATUS_PATH)
    return json.loads(body)["state"] if status == HTTPStatus.OK else None


def _route(port: int, path: str, told: list[Any]) -> list[Any]:
    status, body, headers = _ask(port, path)
    seen: list[Any] = [status, ANY_BODY if told[1] == ANY_BODY else body]
    if len(told) > len(seen):  # only the headers that the variant is about were recorded
        seen.append({name: headers.get(name) for name in told[2]})
    return seen


def _not_indexed(port: int) -> list[str]:
    names = [item["name"] for item in json.loads(_ask(port, "/admin/functions")[1])]
    status = {name: json.loads(_ask(port, f"/admin/functions/{name}/status")[1]) for name in names}
    return sorted(name for name in names if status[name].get("errors"))


def _ask(port: int, path: str) -> tuple[int | None, str, Mapping[str, str]]:
    try:
        return ask(f"127.0.0.1:{port}", "GET", path)
    except OSError:
        return None, "no answer", {}
