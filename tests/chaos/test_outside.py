"""The history of an app that somebody else runs."""

from pathlib import Path

import pytest

from tests.chaos import judge
from tests.chaos.outside import observe
from tests.e2e.server import LocalhostProcess


def test_history_of_an_app_at_an_address_is_judged(tmp_path: Path) -> None:
    with LocalhostProcess(tmp_path / "data") as host:
        assert "is linear" in observe(host.base_url, tmp_path / "seen", 60)
    operations = list(judge.read(tmp_path / "seen.jsonl"))
    assert sum(not each.is_read and each.type == "ok" for each in operations) >= 60
    assert any(each.is_read and each.value for each in operations)
    assert len((tmp_path / "seen.edn").read_text().splitlines()) == 2 * len(operations)


def test_history_with_a_place_told_twice_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.chaos.traffic.place_of", lambda _: 1)
    with (
        LocalhostProcess(tmp_path / "data") as host,
        pytest.raises(AssertionError, match="was told"),
    ):
        observe(host.base_url, tmp_path / "seen", 20)
