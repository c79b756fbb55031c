"""A release beside the one before, in two hosts on one store and one hub, and the way back."""

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import pytest

from tests.e2e.client import Client
from tests.e2e.conftest import GIVEN
from tests.e2e.server import APP, SOON, LocalhostProcess, wait_until

pytestmark = pytest.mark.skipif(bool(GIVEN), reason="needs two releases of a service of its own")

FIRST: Final = """
from dataclasses import dataclass
from typing import Annotated
from domain import Domain, Key, Meta
from domain.domain import AnyDomain

Weight = Annotated[int, Meta(ge=1, le=999)]

@dataclass(frozen=True, slots=True)
class Order:
    weight: Weight

@dataclass(frozen=True, slots=True)
class Label:
    price: int

@dataclass(frozen=True, slots=True)
class Sent:
    last: int = 0

def label(order: Order, sent: Sent) -> tuple[Label, Sent]:
    return Label(order.weight), Sent(sent.last + 1)
"""

SAME_TYPES: Final = (
    FIRST
    + """
def dearer(order: Order, sent: Sent) -> tuple[Label, Sent]:
    return Label(2 * order.weight), Sent(sent.last + 1)
"""
)

MORE_FIELDS: Final = (
    FIRST
    + """
@dataclass(frozen=True, slots=True)
class Parcel:
    weight: Weight
    express: bool = False

@dataclass(frozen=True, slots=True)
class Weighed:
    last: int = 0
    weight: int = 0

def weighed(parcel: Parcel, sent: Weighed) -> tuple[Label, Weighed]:
    return Label(2 * parcel.weight), Weighed(sent.last + 1, sent.weight + parcel.weight)
"""
)

DECLARED: Final = """
PARCELS: AnyDomain = Domain(
    name="parcel", key=Key("streetId", str), empty={empty}, versions={versions},
    examples=[({example}, Label({price}))],
)
"""

RELEASES: Final = {
    "one": FIRST
    + DECLARED.format(empty="Sent()", versions="{1: label}", example="Order(5)", price=5),
    "two": SAME_TYPES
    + DECLARED.format(
        empty="Sent()", versions="{1: label, 2: dearer}", example="Order(5)", price=10
    ),
    "more": MORE_FIELDS
    + DECLARED.format(
        empty="Weighed()", versions="{1: label, 2: weighed}", example="Parcel(5)", price=10
    ),
}


class Releases:
    """Two hosts on one data folder, and the releases that they may run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name, text in RELEASES.items():
            app = folder / name
            app.mkdir()
            (app / "parcels.py").write_text(text)
            (app / "function_app.py").write_text(
                "from effectively_once import effectively_once\nfrom parcels import PARCELS\n\n"
                "app = effectively_once(PARCELS)\n"
            )
            shutil.copy(APP / "host.json", app)
        self.old = self.host("one")
        self.new = self.host("one")

    def host(self, release: str) -> LocalhostProcess:
        environ = {**SOON, "PYTHONPATH": str(APP)}
        app = self.folder / release
        return LocalhostProcess(self.folder / "data", environ=environ, standby=True, app=app)

    def deploy(self, release: str) -> None:
        """Put a release in place of what the second host runs."""
        if self.new.is_running:
            self.new.stop()
        self.new.app = self.folder / release
        self.new.start()

    def versions(self, key: str) -> list[int]:
        """Which function made each entry of a key."""
        with sqlite3.connect(self.folder / "data" / "store.db") as db:
            rows = db.execute("SELECT version FROM entry WHERE key = ? ORDER BY place", (key,))
            return [version for (version,) in rows]

    def audit(self, release: str) -> subprocess.CompletedProcess[str]:
        spec = f"sqlite:{self.folder / 'data' / 'store.db'}"
        command = [sys.executable, "-m", "tools.audit", "--domain", "parcels", "--store", spec]
        return subprocess.run(
            command,
            cwd=self.folder / release,
            env={**self.old.environ, "PYTHONPATH": str(APP)},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def releases(tmp_path: Path) -> Iterator[Releases]:
    made = Releases(tmp_path)
    made.old.start()
    try:
        yield made
    finally:
        for host in made.old, made.new:
            if host.is_running:
                host.stop()


def ask(
    host: LocalhostProcess, key: str, request_id: str, weight: int, **headers: str
) -> tuple[int, Any]:
    body = {"streetId": key, "weight": weight}
    client = Client(host.base_url)
    answer = client.post(body, "/api/parcels", Idempotency_Key=request_id, **headers)
    return answer.status_code, answer.json()


def log_of(host: LocalhostProcess, key: str) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = (
        Client(host.base_url).get(f"/api/streets/{key}/parcels?limit=1000").json()["parcels"]
    )
    return entries


def pending(host: LocalhostProcess, key: str) -> int:
    return int(Client(host.base_url).get(f"/api/streets/{key}").json()["pending"])


def test_two_releases_side_by_side_and_back_again(releases: Releases) -> None:
    releases.deploy("two")
    hosts = [releases.old, releases.new]
    for number in range(6):  # one after the other: each process folds with what it has
        status, made = ask(hosts[number % 2], "elm", f"e{number}", 7)
        assert (status, made["id"], made["price"]) == (201, number + 1, 7 * (1 + number % 2))
    assert releases.versions("elm") == [1, 2] * 3

    def at_once(number: int) -> tuple[int, Any]:
        return ask(hosts[number % 2], "oak", f"o{number}", number + 1)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(at_once, range(40)))
    assert {status for status, _ in answers} == {201}
    log = log_of(releases.old, "oak")
    assert sorted((made for _, made in answers), key=lambda made: made["id"]) == log
    made_by = dict(enumerate(releases.versions("oak"), start=1))
    for number, (_, made) in enumerate(answers):
        assert made["price"] == (number + 1) * made_by[made["id"]]

    releases.deploy("one")  # back, under way: what version 2 has made stays as it is
    assert [at_once(number) for number in range(40)] == answers
    status, made = ask(releases.new, "elm", "e6", 7)
    assert (status, made["id"], made["price"]) == (201, 7, 7)
    assert releases.versions("elm")[-1] == 1
    proved = releases.audit("two")
    assert proved.returncode == 0, proved.stdout + proved.stderr
    assert "in 47 entries" in proved.stdout
    unknown = releases.audit("one")
    assert unknown.returncode == 1
    assert "version 2 of parcel is not in this release" in unknown.stdout


def test_older_release_leaves_keys_to_the_newer_one(releases: Releases) -> None:
    releases.deploy("more")
    assert ask(releases.new, "elm", "a", 7)[0] == 201
    # Its state says more than the older release knows: accepted there, and left alone.
    assert ask(releases.old, "elm", "b", 7, Prefer="wait=1")[0] == 202
    assert ask(releases.old, "oak", "a", 7) == (201, {"streetId": "oak", "id": 1, "price": 7})
    # A repeat it answers from the log if it can tell that it is one, and else sends away for now.
    status, problem = ask(releases.old, "elm", "a", 7)
    assert (status, problem["type"]) == (503, "/problems/not-accepted")
    # The newer release brings both into the log, and its answers are everybody's.
    assert ask(releases.new, "elm", "c", 7)[0] == 201
    wait_until(lambda: pending(releases.new, "elm") == 0, "it is not taken along")
    assert ask(releases.old, "elm", "b", 7)[0] == 201
    assert releases.versions("elm") == [2, 2, 2]

    releases.new.stop()  # rolled back: what is accepted for this key waits, and other keys go on
    assert ask(releases.old, "elm", "d", 7, Prefer="respond-async")[0] == 202
    assert ask(releases.old, "oak", "b", 7)[0] == 201
    assert (pending(releases.old, "elm"), len(log_of(releases.old, "elm"))) == (1, 3)

    releases.new.start()  # forward again: its sweeper takes up what waits
    releases.old.stop()
    releases.new.wait_until_owner()
    wait_until(lambda: pending(releases.new, "elm") == 0, "nobody takes it up")
    assert [each["price"] for each in log_of(releases.new, "elm")] == [14] * 4
    proved = releases.audit("more")
    assert proved.returncode == 0, proved.stdout + proved.stderr
