"""Cases of the Durable sets: steps against the probe app, the answer that of the last."""

import contextlib
import http.client
import json
import re
import time
import urllib.parse
from collections.abc import Mapping
from typing import Any, Final

from localhost.conformance.hosts import ask
from localhost.conformance.http_cases import as_bytes
from localhost.conformance.normal import normal

FINAL: Final = ("Completed", "Failed", "Terminated", "Canceled")
LOOK_SECONDS: Final = 0.15
REPEAT_SECONDS: Final = 0.2
ORCHESTRATION_SECONDS: Final = 30
ACCEPTED: Final = 202
KEPT_HEADERS: Final = ("location", "retry-after", "x-ms-continuation-token", "content-type")

Step = Mapping[str, Any]


class DurableClient:
    """Runs the steps of cases on a probe app at `base`, `http://127.0.0.1:PORT`."""

    def __init__(self, base: str) -> None:
        self._base = base
        self._port = urllib.parse.urlsplit(base).port or 0
        source = "return client._orchestration_bindings._rpc_base_url"
        self._rpc = ""
        self._rpc = self._run({"client": source})["ok"].rstrip("/")
        self._rpc_port = urllib.parse.urlsplit(self._rpc).port or 0

    def answer(self, case: Mapping[str, Any]) -> Any:
        """Run the steps of a case; return the answer of the last in the recorded form."""
        *before, last = case["calls"]
        for step in before:
            self._run(step)
        return self._told(self._run(last, case.get("answer")))

    def _run(self, step: Step, expected: Any = None) -> Any:
        """Run one step; with `eventually`, again until it answers what is expected."""
        run = getattr(self, "_" + next(iter(step)))
        step = self._filled(step)
        answer = run(step)
        end = time.monotonic() + step.get("eventually", 0)
        while expected is not None and self._told(answer) != expected and time.monotonic() < end:
            _pause(REPEAT_SECONDS)
            answer = run(step)
        return answer

    def _filled(self, value: Any) -> Any:
        """Put the addresses in the place of {base} and {rpc}, at any depth."""
        if isinstance(value, dict):
            return {name: self._filled(item) for name, item in value.items()}
        if isinstance(value, list):
            return [self._filled(item) for item in value]
        if isinstance(value, str):
            return value.replace("{base}", self._base).replace("{rpc}", self._rpc)
        return value

    def _told(self, answer: Any) -> Any:
        return normal(normal(json.loads(json.dumps(answer)), self._port), self._rpc_port)

    def _sleep(self, step: Step) -> None:
        _pause(step["sleep"])

    def _client(self, step: Step) -> Any:
        """Run the body of an async function that has the Durable client as `client`."""
        answer = self._send("POST", self._base + "/api/x", step["client"].encode())
        return answer.get("body") if answer.get("status") == http.client.OK else answer

    def _http(self, step: Step) -> Any:
        method, url = step["http"]
        body = b"" if step.get("body") is None else as_bytes(step["body"])
        return self._send(method, url, body, step.get("headers", {}))

    def _start(self, step: Step) -> Any:
        """Start an orchestrator through the worker's door."""
        name, identity = step["start"]
        url = f"{self._rpc}/orchestrators/{name}" + ("" if identity is None else f"/{identity}")
        if "input" not in step:
            return self._send("POST", url)
        body = json.dumps(json.dumps(step["input"])).encode()
        return self._send("POST", url, body, {"Content-Type": "application/json"})

    def _status(self, step: Step) -> Any:
        """Return the status of an instance, once it is in one of the states `until`."""
        end = time.monotonic() + step.get("seconds", 0)
        query = "showHistory=true&showHistoryOutput=true"
        url = f"{self._rpc}/instances/{step['status']}?{query}"
        while True:
            answer = self._send("GET", url)
            body = answer.get("body")
            state = body.get("runtimeStatus") if isinstance(body, dict) else None
            said = _brief(answer, with_history=step.get("history", False))
            if state in step.get("until", FINAL) or "seconds" not in step:
                return said
            if time.monotonic() > end:
                return {"still": said}
            _pause(LOOK_SECONDS)

    def _orchestrate(self, step: Step) -> Any:
        """Run the orchestrator whose body is given; return its final status."""
        value = {"src": step["orchestrate"], "v": step.get("input")}
        name, identity = step.get("orchestrator", "orch"), step["id"]
        started = self._start({"start": [name, identity], "input": value})
        if started.get("status") != ACCEPTED:
            return {"start": started}
        seconds = step.get("seconds", ORCHESTRATION_SECONDS)
        history = step.get("history", False)
        return self._status({"status": identity, "seconds": seconds, "history": history})

    def _send(self, method: str, url: str, body: bytes = b"", headers: Any = ()) -> Any:
        place, target = re.match(r"http://([^/]+)(.*)", url).groups()  # type: ignore[union-attr]
        headers = dict(headers)
        if body or method in {"POST", "PUT", "DELETE"}:
            headers |= {"Content-Length": str(len(body))}
        try:
            status, text, found = ask(place, method, target, body, headers)
        except (OSError, http.client.HTTPException, ValueError) as error:
            return {"error": type(error).__name__}
        answer: dict[str, Any] = {"status": status, "body": text}
        answer |= {name: value for name in KEPT_HEADERS if (value := found.get(name))}
        with contextlib.suppress(ValueError):
            answer["body"] = json.loads(text)
        return answer


def _brief(answer: Any, *, with_history: bool) -> Any:
    """Return what is compared of a status: no times, the history only when it is asked for."""
    body = answer.get("body")
    if not isinstance(body, dict):
        return answer
    said = {"status": answer["status"]}
    said |= {name: body.get(name) for name in ("runtimeStatus", "output", "customStatus")}
    if with_history:
        left_out = ("Timestamp", "ScheduledTime")
        said["history"] = [
            {name: value for name, value in event.items() if name not in left_out}
            for event in body.get("historyEvents") or []
        ]
    return said


def _pause(seconds: float) -> None:
    time.sleep(seconds)  # noqa: TID251 - the cases were recorded with these pauses
