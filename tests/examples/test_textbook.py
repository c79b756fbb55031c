"""The bug of the README, and that this app does not have it."""

from pathlib import Path

import pytest

from tools.textbook import textbook, this_app

pytestmark = pytest.mark.chaos


def test_textbook_app_gives_one_number_twice(tmp_path: Path) -> None:
    assert textbook(tmp_path) == [1, 1]


def test_same_kill_doubles_nothing_here(tmp_path: Path) -> None:
    assert sorted(this_app(tmp_path)) == [1, 2]
