"""A run of the app on `localhost`, whose workers and whose host are killed under load."""

import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.domain_under_test import DOMAIN
from tests.e2e.asked import Asked, requests_for
from tests.e2e.audit import run_tool
from tests.e2e.client import BATCH, Client, unused_key
from tests.e2e.events import ENTRIES_HUB, SOON
from tests.e2e.load import DIED, PATIENCE_SECONDS, PAUSE_SECONDS, Load
from tests.e2e.server import APP, LocalhostProcess, wait_until
from tests.recording.real.app import FOLDER
from tests.recording.real.effects import Effect, effects_of, prepare_traced
from tests.recording.real.journal import lines_of
from tests.recording.real.lines import to_lines
from tests.recording.real.ordered import Event, Line, in_order

FUNCTION_APP: Final = """from tests.domain_under_test import DOMAIN
from tests.recording.real.app import recorded_app

app = recorded_app(DOMAIN)
"""

WORKER: Final = "w"
HOST: Final = "h"
HUB: Final = "l"
"""What is killed: all workers; the host, with its workers; the host, whose task hub is lost."""

BATCH_SHARE: Final = 5
"""One request in so many comes in a batch, for which nobody waits."""

ENVIRON: Final = {
    **SOON,
    "EO_EVENTS_HUB": ENTRIES_HUB,
    "PYTHONPATH": str(APP),
    "FUNCTIONS_WORKER_PROCESS_COUNT": "2",
    "LOCALHOST_TIME_FACTOR": "0.05",
}
"""Two workers take turns, and the next ones come soon."""


@dataclass(frozen=True, slots=True)
class Run:
    """What a run has left."""

    effects: Sequence[Effect]
    journals: Mapping[str, Sequence[Line]]

    def events(self) -> list[Event]:
        """Return all that happened, in order. Raises NoOrder."""
        return in_order(self.effects, self.journals)

    def traces(self) -> dict[str, list[str]]:
        """Return the lines of the trace of each key. Raises NoOrder and NotFollowed."""
        return to_lines(self.events(), publishing=True)


def run(
    folder: Path,
    *,
    keys: int,
    requests: int,
    kills: Sequence[str] = (),
    progress: Callable[[int, str], None] = lambda _, __: None,
) -> Run:
    """Send requests for some keys, and kill in turn what `kills` names, all within `folder`.

    Returns once each request has its place, was asked for again, and is published. Raises
    AssertionError when one is not, when one was told two places, and when the audit objects.
    """
    asked = requests_for([unused_key() for _ in range(keys)], requests)
    with _server(folder) as server:
        _send_and_kill(server, asked, kills, progress)
        load = Load(asked)
        load.send(server.base_url)
        load.send(server.base_url)
        load.check(Client(server.base_url))
        wait_until(lambda: not _marked(_store(folder)), "something is not published")
        run_tool(server, "audit", f"sqlite:{_store(folder)}")
    return Run(effects_of(_store(folder)), lines_of(_journals(folder)))


def _send_and_kill(
    server: LocalhostProcess,
    asked: Sequence[Asked],
    kills: Sequence[str],
    progress: Callable[[int, str], None],
) -> None:
    keys = len({each.key for each in asked})
    batched = [e for n, e in enumerate(asked) if n // keys % BATCH_SHARE == 0] if kills else []
    load = Load([each for each in asked if each not in frozenset(batched)])
    sender = load.start(server.base_url)
    for number, what in enumerate(kills, start=1):
        load.wait_for_answers(len(load.asked) * number // (len(kills) + 1))
        first, last = (len(batched) * each // len(kills) for each in (number - 1, number))
        part = batched[first:last]
        posting = threading.Thread(target=_post, args=(server, part))
        posting.start()
        _kill(server, what)
        posting.join()
        progress(1, what)
    sender.join()


def _post(server: LocalhostProcess, asked: Sequence[Asked]) -> None:
    """Post a batch until it is accepted."""
    client = Client(server.base_url)
    pause = threading.Event()
    for _ in range(int(PATIENCE_SECONDS / PAUSE_SECONDS)):
        try:
            if client.post([each.item() for each in asked], BATCH).status_code == 202:
                return
        except DIED:
            pass  # it is being killed or started
        pause.wait(PAUSE_SECONDS)


def _kill(server: LocalhostProcess, what: str) -> None:
    if what == WORKER:
        server.kill9_worker()
        return
    server.kill9()
    if what == HUB:
        server.lose_task_hub()
    server.start()


@contextmanager
def _server(folder: Path) -> Iterator[LocalhostProcess]:
    app = folder / "app"
    for each in app, _journals(folder):
        each.mkdir(parents=True)
    (app / "function_app.py").write_text(FUNCTION_APP)
    shutil.copy(APP / "host.json", app)
    prepare_traced(_store(folder), DOMAIN.plural)
    environ = {"EO_STORE": f"sqlite:{_store(folder)}", FOLDER: str(_journals(folder)), **ENVIRON}
    with LocalhostProcess(folder / "data", environ=environ, app=app) as server:
        yield server


def _store(folder: Path) -> Path:
    return folder / "store.db"


def _journals(folder: Path) -> Path:
    return folder / "journals"


def _marked(store: Path) -> bool:
    """Tell whether something may have to be published."""
    with closing(sqlite3.connect(store)) as db:
        return bool(db.execute("SELECT 1 FROM marker LIMIT 1").fetchall())
