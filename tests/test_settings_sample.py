"""local.settings.sample.json shows every setting of the app, at its default."""

import json
import re
from pathlib import Path

from settings.app import Settings
from tests.test_imports import ENGINE, files

ROOT = Path(__file__).parent.parent
PLURALS = ["todos"]
VALUES: dict[str, str] = json.loads(
    (ROOT / "local.settings.sample.json").read_text(encoding="utf-8")
)["Values"]


def named_in_the_code() -> set[str]:
    texts = [path.read_text(encoding="utf-8") for path in (*files(*ENGINE), ROOT / "host.json")]
    return {name for text in texts for name in re.findall(r"[\"%](EO_[A-Z_]+)[\"%]", text)}


def test_every_setting_is_in_the_sample_and_nothing_else() -> None:
    assert named_in_the_code() == {name for name in VALUES if name.startswith("EO_")}


def test_sample_says_what_an_app_without_settings_does() -> None:
    assert Settings.read(VALUES, PLURALS) == Settings.read({}, PLURALS)
