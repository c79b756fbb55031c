import json
import logging
from pathlib import Path

import pytest

from telemetry.levels import OVERRIDE, level_of

ROOT = Path(__file__).parents[2]


def host_json(folder: Path, **levels: str) -> Path:
    path = folder / "host.json"
    path.write_text(json.dumps({"version": "2.0", "logging": {"logLevel": levels}}))
    return path


def test_decisions_are_written_unless_somebody_says_otherwise(tmp_path: Path) -> None:
    assert level_of(ROOT / "host.json", {}) == logging.INFO
    assert level_of(host_json(tmp_path), {}) == logging.INFO


@pytest.mark.parametrize(
    ("levels", "level"),
    [
        ({"default": "Warning"}, logging.WARNING),
        ({"default": "Warning", "Function": "Information"}, logging.INFO),
        ({"Function": "error"}, logging.ERROR),
        ({"Function": "None"}, logging.CRITICAL + 1),
    ],
)
def test_the_closer_category_decides(tmp_path: Path, levels: dict[str, str], level: int) -> None:
    assert level_of(host_json(tmp_path, **levels), {}) == level


def test_a_setting_comes_before_the_file(tmp_path: Path) -> None:
    path = host_json(tmp_path, Function="Information")
    assert level_of(path, {f"{OVERRIDE}Function": "Warning"}) == logging.WARNING
    assert level_of(path, {f"{OVERRIDE}FUNCTION".upper(): "Warning"}) == logging.WARNING


def test_a_level_that_does_not_exist_says_which_do(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="logLevel Function is 'Loud'; it is one of Trace, Debug"):
        level_of(host_json(tmp_path, Function="Loud"), {})
