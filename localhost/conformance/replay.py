"""Sets replayed against hosts of their own, several at a time; each test waits for its answer."""

import json
import tempfile
import threading
from collections.abc import Iterable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Final

from localhost.conformance.corpus import INDEPENDENT, Case, CaseSet
from localhost.conformance.durable_cases import DurableClient
from localhost.conformance.hosts import running
from localhost.conformance.http_cases import HttpClient
from localhost.conformance.normal import masked

HOSTS_AT_ONCE: Final = threading.Semaphore(6)
"""More would not be faster: most of the time is spent in pauses of the cases, the rest in CPU."""


class Replay:
    """One set against one host, up to the last case that somebody wants."""

    def __init__(self, cases: CaseSet, wanted: Iterable[str]) -> None:
        self._set = cases
        self._answers: dict[str, Future[Any]] = {case_id: Future() for case_id in wanted}
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Begin in a thread."""
        self._thread.start()

    def answer(self, case: Case) -> Any:
        """Wait for the answer. Raises what kept the case from being asked."""
        return self._answers[case.id].result()

    def _run(self) -> None:
        try:
            with HOSTS_AT_ONCE, tempfile.TemporaryDirectory(prefix="conformance-") as folder:
                arguments = ["--enable-auth"] if self._set.asks_for_keys else []
                with running(self._set.app, Path(folder), self._set.environ, *arguments) as host:
                    self._ask(self._client(host.port(), Path(folder) / "data" / "keys.json"))
        except Exception as error:  # noqa: BLE001 - the tests that wait raise it
            for answer in self._answers.values():
                if not answer.done():
                    answer.set_exception(error)

    def _client(self, port: int, keys_file: Path) -> DurableClient | HttpClient:
        if self._set.path.startswith("durable/"):
            return DurableClient(f"http://127.0.0.1:{port}")
        keys = json.loads(keys_file.read_text("utf-8"))
        named = {"function": keys["host"], "master": keys["master"]}
        return HttpClient(port, named, as_json=self._set.compares_json)

    def _ask(self, client: DurableClient | HttpClient) -> None:
        left = set(self._answers)
        for case in self._set.cases:
            if not left:
                return
            if self._set.path in INDEPENDENT and case.id not in left:
                continue
            try:
                answer = client.answer(case.content)
            except OSError as error:
                answer = {"error": type(error).__name__}
            if case.id in left:
                left.remove(case.id)
                self._answers[case.id].set_result(answer)


def is_equal(case: Case, answer: Any) -> bool:
    """Whether the answer is the recorded one, but for what the case masks."""
    masks = case.content.get("masked", [])
    return bool(masked(case.content["answer"], masks) == masked(answer, masks))
