"""For everybody: with keys only, read aloud, in the dark, on a telephone."""

from pathlib import Path
from typing import Any, Final

import pytest
from selenium.webdriver.common.keys import Keys

from page.tests.browser import Page
from page.tests.service import Site

CHECKS: Final = (Path(__file__).parent / "checks.js").read_text(encoding="utf-8")

TABS_MAX: Final = 60

PHONE: Final = {"width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": True}

LONG: Final = "x" * 500


def filled(page: Page, site: Site, project: int) -> None:
    """Everything that the page can show is shown."""
    site.todo(project, LONG, "a-1")
    site.leave_waiting(project, "waits", "a-2")
    page.open(domain="todo", key=project, request="a-1")
    page.fill("field-projectId", str(project))
    page.fill("field-title", "")
    page.submit("create")
    page.until_text("field-title-error", "must have 1 to 500 characters")
    page.until_text("invariant", "1..1 dense")
    page.until_text("story", "It has its place")
    page.until(lambda: page.rows("pending") and page.rows("entities"))


def media(page: Page, scheme: str) -> None:
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


def checks(page: Page) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = page.script(f"{CHECKS}; return checks();")
    return found


def tab_to(page: Page, name: str) -> None:
    for _ in range(TABS_MAX):
        if page.focused() == name:
            return
        page.keys(Keys.TAB)
    raise AssertionError(f"{TABS_MAX} tabs do not lead to {name}")


def test_keys_alone_create_repeat_and_tell_the_story(page: Page, project: int) -> None:
    page.open(domain="todo", key=project)
    page.keys(Keys.TAB)
    assert page.script("return document.activeElement.className") == "skip"
    page.keys(Keys.ENTER)
    page.until(lambda: page.focused() == "main")
    tab_to(page, "field-projectId")
    page.keys(str(project))  # a tab selects what is in a field
    tab_to(page, "field-title")
    page.keys("by keys")
    tab_to(page, "request-id")
    page.keys("kb-1", Keys.ENTER)
    page.until_text("answer", "201 created: id 1")
    tab_to(page, "repeat")
    page.keys(Keys.SPACE)
    page.until_text("answer", "201 replayed")
    tab_to(page, "id")
    page.keys("1", Keys.ENTER)
    page.until(lambda: "id=1" in page.driver.current_url)
    tab_to(page, "story-id")
    page.keys("kb-1", Keys.ENTER)
    page.until_text("story", "It has its place in the log.")


def test_focus_is_always_to_be_seen(page: Page, project: int) -> None:
    page.open(domain="todo", key=project)
    for _ in range(12):
        page.keys(Keys.TAB)
        style = page.script(
            "const s = getComputedStyle(document.activeElement);"
            "return [s.outlineStyle, parseFloat(s.outlineWidth)]"
        )
        assert style[0] != "none"
        assert style[1] >= 2


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page_can_be_read_in_light_and_in_the_dark(
    page: Page, site: Site, project: int, scheme: str
) -> None:
    media(page, scheme)
    try:
        filled(page, site, project)
        found = checks(page)
        ground = page.script("return getComputedStyle(document.body).backgroundColor")
    finally:
        media(page, "")
    assert found["contrast"] == []
    levels = [int(each) for each in ground.removeprefix("rgb(").rstrip(")").split(",")]
    assert (sum(levels) < 3 * 128) == (scheme == "dark")


def test_everything_has_a_name_and_a_place_in_the_outline(
    page: Page, site: Site, project: int
) -> None:
    filled(page, site, project)
    found = checks(page)
    assert found.pop("contrast") == []
    assert found == {name: [] for name in found}
    assert {"names", "ids", "headings", "tables", "references", "targets"} <= set(found)


def test_checks_see_what_is_wrong(page: Page, project: int) -> None:
    page.open(domain="todo", key=project)
    page.script(
        """
        const main = document.getElementById("main");
        const bad = document.createElement("input");
        const button = document.createElement("button");
        const pale = document.createElement("p");
        pale.textContent = "pale";
        pale.style.color = "#ccc";
        const twice = document.createElement("p");
        twice.id = "main";
        const deep = document.createElement("h6");
        deep.textContent = "deep";
        const table = document.createElement("table");
        main.append(bad, button, pale, twice, deep, table);
        main.setAttribute("aria-describedby", "nowhere");
        """
    )
    media(page, "light")
    found = checks(page)
    media(page, "")
    assert len(found["names"]) == 2
    assert [each for each in found["contrast"] if "pale" in each]
    assert found["ids"] == ["main"]
    assert found["headings"]
    assert found["tables"]
    assert found["references"] == ["nowhere"]


def test_telephone_scrolls_one_way_only(page: Page, site: Site, project: int) -> None:
    page.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", dict(PHONE))
    try:
        filled(page, site, project)
        width = page.script("return document.documentElement.scrollWidth")
        wide = page.script(
            "return [...document.querySelectorAll('button, input, select, textarea')]"
            ".filter((e) => e.checkVisibility() && e.getBoundingClientRect().right > innerWidth"
            " && !e.closest('.table')).map((e) => e.id || e.textContent)"
        )
    finally:
        page.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert width <= PHONE["width"]
    assert wide == []


def test_what_changes_is_told_to_those_who_listen(page: Page, project: int) -> None:
    page.open(domain="todo", key=project)
    live = {
        name: page.by_id(name).get_attribute("role") for name in ("answer", "story", "violation")
    }
    assert live == {"answer": "status", "story": "status", "violation": "alert"}
    # Its age changes each second: it must not be read aloud.
    assert page.by_id("invariant").get_attribute("role") is None
    assert page.script("return document.documentElement.lang") == "en"
