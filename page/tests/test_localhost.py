"""On our own host the page shows what runs there, and kills the worker."""

import os
from pathlib import Path

import requests

from page.tests.browser import Page
from page.tests.service import Site
from tests.e2e.server import LocalhostProcess


def test_functions_entities_and_orchestrations_are_shown(
    page: Page, site: Site, project: int
) -> None:
    site.todo(project, "Buy milk", "h-1")
    site.batch([{"projectId": project, "title": "more", "requestId": "h-2"}])
    page.open(domain="todo", key=project)
    page.until(
        lambda: ["order_project", "entityTrigger"] in [e[:2] for e in page.rows("functions")]
    )
    page.until(lambda: any(each[0] == f"project {project}" for each in page.rows("entities")))
    page.until(lambda: any(each[1] == "outbox_todos" for each in page.rows("orchestrations")))
    assert "owner" in page.text("host-facts")


def test_command_that_starts_the_app_prints_the_address(host: LocalhostProcess) -> None:
    printed = f"The page: http://localhost:{host.port}/api/page"
    assert printed in host.printed().splitlines()


def test_worker_is_killed_and_the_repeat_is_answered_the_same(
    page: Page, site: Site, host: LocalhostProcess, project: int
) -> None:
    page.open(domain="todo", key=project)
    page.fill("field-projectId", str(project))
    page.fill("request-id", "before-the-kill")
    page.submit("create")
    page.until_text("answer", "201 created: id 1")
    page.until(lambda: page.by_id("host").is_displayed())
    page.click("kill")
    page.until_text("kill-told", "functions answered again after")
    page.press("Repeat before-the-kill")
    page.until_text("answer", "201 replayed: the same todo as before, id 1")
    assert len(site.todos(project)) == 1
    assert "killed" in page.text("kill-told")
    assert host.is_running


def test_kill_during_a_request_and_its_repeat_are_one_click(
    page: Page, site: Site, project: int
) -> None:
    page.open(domain="todo", key=project)
    page.fill("field-projectId", str(project))
    page.until(lambda: page.by_id("host").is_displayed())
    page.click("kill-during")
    page.until_text("kill-told", "The log has it once")
    page.until(lambda: [each[0] for each in page.rows("log")] == ["1"])
    assert len(site.todos(project)) == 1
    page.until_text("invariant", "1..1 dense")


def test_plan_of_faults_is_followed_and_a_wrong_one_refused(
    page: Page, host: LocalhostProcess, project: int
) -> None:
    page.open(domain="todo", key=project)
    page.until(lambda: page.by_id("host").is_displayed())
    page.fill("faults", "no plan")
    page.submit("faults-form")
    page.until_text("faults-told", "400")
    page.fill("faults", "{}")
    page.submit("faults-form")
    page.until_text("faults-told", "follows this plan")
    plan = requests.get(f"{host.base_url}/admin/localhost/faults", timeout=60)
    assert plan.json() == {}


def test_host_that_shows_no_admin_shows_no_panel(page: Page, project: int) -> None:
    """As on Azure, where /admin/localhost is 404."""
    page.driver.execute_cdp_cmd("Network.enable", {})
    page.driver.execute_cdp_cmd("Network.setBlockedURLs", {"urls": ["*/admin/*"]})
    try:
        page.open(domain="todo", key=project)
        page.until_text("health", "health: ok")
        page.until_text("invariant", "the log is empty")
        assert not page.by_id("host").is_displayed()
    finally:
        page.driver.execute_cdp_cmd("Network.setBlockedURLs", {"urls": []})


def test_screenshot_for_the_readme(page: Page, site: Site, project: int, tmp_path: Path) -> None:
    """Taken always; kept where `make browser SCREENSHOT=docs/page.png` says."""
    target = Path(os.environ.get("EO_SCREENSHOT") or tmp_path / "page.png")
    page.open(domain="todo", key=project)
    page.fill("field-projectId", str(project))
    for number, title in enumerate(["Buy milk", "Book the train", "Call the plumber"], 1):
        site.todo(project, title, f"shot-{number}")
    page.fill("field-title", "Water the plants")
    page.fill("request-id", "water-1")
    page.submit("create")
    page.until_text("answer", "201 created: id 4")
    page.press("Repeat water-1")
    page.until_text("answer", "201 replayed")
    page.press("Story water-1")
    page.until_text("story", "It has its place")
    page.until_text("invariant", "1..4 dense")
    page.script("scrollTo(0, 0)")
    target.write_bytes(page.driver.get_screenshot_as_png())
