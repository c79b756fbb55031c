"""Creating, repeating, following: what somebody does who tries the service."""

from selenium.webdriver.common.keys import Keys

from page.tests.browser import Page
from page.tests.service import Site


def fill(page: Page, project: int, title: str, request_id: str = "") -> None:
    page.fill("field-projectId", str(project))
    page.fill("field-title", title)
    page.fill("request-id", request_id)


def test_sent_request_is_in_the_log_with_its_place(page: Page, project: int) -> None:
    page.open(domain="todo", key=project)
    fill(page, project, "Buy milk")
    page.submit("create")
    page.until_text("answer", "201 created: id 1")
    page.until(lambda: page.rows("log") == [["1", "created", "Buy milk"]])
    page.until_text("summary", "Last place\n1")


def test_repeat_is_replayed_and_the_log_stays(page: Page, site: Site, project: int) -> None:
    page.open(domain="todo", key=project)
    fill(page, project, "Buy milk", "r-1")
    page.submit("create")
    page.until_text("answer", "201 created: id 1")
    page.requests()
    page.click("repeat")
    page.until_text("answer", "201 replayed: the same todo as before, id 1")
    [again] = [each for each in page.requests() if each["method"] == "POST"]
    assert again["headers"]["idempotency-key"] == "r-1"
    assert len(site.todos(project)) == 1
    assert page.rows("sent")[0][:2] == ["r-1", "201 replayed, id 1"]


def test_same_id_with_other_content_is_refused(page: Page, site: Site, project: int) -> None:
    page.open(domain="todo", key=project)
    fill(page, project, "Buy milk", "r-1")
    page.submit("create")
    page.until_text("answer", "201 created")
    fill(page, project, "Buy beer", "r-1")
    page.submit("create")
    page.until_text("answer", "422 The request id was used before, with another title")
    assert [each["title"] for each in site.todos(project)] == ["Buy milk"]


def test_invalid_fields_are_named_beside_their_inputs(page: Page, project: int) -> None:
    page.open(domain="todo", key=project)
    fill(page, project, "x" * 501)
    page.submit("create")
    page.until_text("field-title-error", "must have 1 to 500 characters")
    title = page.by_id("field-title")
    assert title.get_attribute("aria-invalid") == "true"
    assert "field-title-error" in (title.get_attribute("aria-describedby") or "")
    assert page.focused() == "field-title"
    page.fill("field-projectId", "seven")
    page.submit("create")
    page.until_text("field-projectId-error", "integer")


def test_entries_of_others_appear_by_themselves(page: Page, site: Site, project: int) -> None:
    page.open(domain="todo", key=project)
    page.until_text("log-told", "Nothing is in the log yet.")
    site.todo(project, "of somebody else", "x-1")
    page.until(lambda: page.rows("log") == [["1", "created", "of somebody else"]])


def test_pending_request_waits_until_it_has_its_place(page: Page, site: Site, project: int) -> None:
    site.leave_waiting(project, "left behind", "w-1")
    page.open(domain="todo", key=project)
    page.until(lambda: [each[0] for each in page.rows("pending")] == ["w-1"])
    assert page.rows("pending")[0][2] == "not yet"
    page.press("Story w-1")
    page.until_text("story", "It is accepted and has no place yet.")
    assert page.focused() == "story-title"
    site.todo(project, "left behind", "w-1")
    page.until_text("story", "It has its place in the log.")
    page.until(lambda: page.rows("pending") == [])


def test_story_tells_steps_and_why_a_time_is_missing(page: Page, site: Site, project: int) -> None:
    site.todo(project, "Buy milk", "s-1")
    page.open(domain="todo", key=project)
    page.fill("story-id", "s-1")
    page.submit("story-form")
    page.until_text("story", "It has its place in the log.")
    script = (
        "return [...document.querySelectorAll('#story tbody tr')]"
        ".map((row) => [...row.cells].map((cell) => cell.textContent))"
    )
    steps = {name: (done, when) for name, done, when in page.script(script)}
    assert list(steps) == ["accepted", "ordered", "logged", "published"]
    assert steps["logged"][0] == "yes"
    assert page.script("return document.querySelectorAll('#story tbody time').length") == 1
    assert "telemetry" in steps["accepted"][1]
    assert steps["published"] == ("not known", "This app does not publish.")
    page.fill("story-id", "nobody-sent-it")
    page.submit("story-form")
    page.until_text("story", "It was never accepted.")


def test_filter_is_in_the_address_and_back_takes_it_away(
    page: Page, site: Site, project: int
) -> None:
    for place in range(1, 4):
        site.todo(project, f"t{place}", f"f-{place}")
    page.open(domain="todo", key=project)
    page.until(lambda: len(page.rows("log")) == 3)
    page.fill("id", "2")
    page.choose("status", "created")
    page.submit("filter")
    page.until(lambda: [each[0] for each in page.rows("log")] == ["2"])
    assert page.driver.current_url.endswith(f"#domain=todo&key={project}&status=created&id=2")
    page.driver.back()
    page.until(lambda: len(page.rows("log")) == 3)
    assert page.by_id("id").get_attribute("value") == ""


def test_link_with_a_filter_shows_the_same(page: Page, site: Site, project: int) -> None:
    for place in range(1, 4):
        site.todo(project, f"t{place}", f"f-{place}")
    page.open(domain="todo", key=project, id="f-3")
    page.until(lambda: [each[0] for each in page.rows("log")] == ["3"])
    page.visit(domain="todo", key=project, status="accepted")
    page.until_text("log-told", "The filter is for pending requests.")
    assert page.rows("log") == []


def test_long_log_shows_its_end_and_loads_what_is_older(
    page: Page, site: Site, project: int
) -> None:
    items = [{"projectId": project, "title": f"t{i}", "requestId": f"b-{i}"} for i in range(130)]
    site.batch(items)
    page.open(domain="todo", key=project)
    page.until_text("log-told", "The latest 100 of 31 to 130.")
    page.click("older")
    page.until_text("log-told", "The latest 100 of 1 to 130.")
    page.fill("id", "5")
    page.submit("filter")
    page.until(lambda: [each[0] for each in page.rows("log")] == ["5"])


def test_session_keeps_what_was_sent_through_a_reload(page: Page, project: int) -> None:
    page.open(domain="todo", key=project)
    fill(page, project, "Buy milk", "k-1")
    page.submit("create")
    page.until_text("answer", "201 created")
    page.visit(domain="todo", key=project)
    assert page.rows("sent")[0][0] == "k-1"
    page.press("Repeat k-1")
    page.until_text("answer", "201 replayed")


def test_page_that_was_left_alone_asks_nothing_until_it_is_used(page: Page, project: int) -> None:
    page.open(domain="todo", key=project)
    page.until_text("invariant", "the log is empty")
    page.script("const now = Date.now; Date.now = () => now() + 11 * 60 * 1000;")
    page.until_text("paused", "Paused")
    page.until(lambda: not page.requests())
    page.keys(Keys.SHIFT)
    page.until(lambda: page.text("paused") == "")
    page.until(lambda: any("/todos?after=0" in each["url"] for each in page.requests()))


def test_invalid_key_leaves_what_is_looked_at(page: Page, site: Site, project: int) -> None:
    site.todo(project, "Buy milk", "stay-1")
    page.open(domain="todo", key=project)
    page.until(lambda: len(page.rows("log")) == 1)
    fill(page, project, "x")
    page.fill("field-projectId", "seven")
    page.submit("create")
    page.until_text("field-projectId-error", "integer")
    assert page.driver.current_url.endswith(f"key={project}")
    assert len(page.rows("log")) == 1
