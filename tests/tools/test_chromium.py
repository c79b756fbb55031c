import pytest

from tools.setup.chromium import Chromium, NoChromium, check_installable, find

PATH = {"chromium": "/usr/bin/chromium", "chromedriver": "/usr/bin/chromedriver"}


def test_programs_on_path_are_found() -> None:
    assert find({}, PATH.get) == Chromium("/usr/bin/chromium", "/usr/bin/chromedriver")


def test_programs_that_are_named_win() -> None:
    named = {"CHROMIUM": "/a", "CHROMEDRIVER": "/b"}
    assert find(named, PATH.get) == Chromium("/a", "/b")


@pytest.mark.parametrize("missing", PATH)
def test_one_without_the_other_is_none(missing: str) -> None:
    assert find({}, {**PATH, missing: ""}.get) is None


def test_without_apt_the_reason_is_told() -> None:
    with pytest.raises(NoChromium, match="no apt-get"):
        check_installable(lambda _: None, is_root=True)


def test_without_root_the_command_is_told() -> None:
    with pytest.raises(NoChromium, match="sudo apt-get install chromium chromium-driver"):
        check_installable(lambda name: f"/usr/bin/{name}", is_root=False)
