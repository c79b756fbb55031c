"""The page proves the log that it reads, and sees one that is damaged."""

from page.tests.browser import Page
from page.tests.service import Site


def some(site: Site, project: int, count: int = 5) -> None:
    for place in range(1, count + 1):
        site.todo(project, f"t{place}", f"v-{place}")


def test_whole_log_is_dense_and_says_when_it_was_checked(
    page: Page, site: Site, project: int
) -> None:
    some(site, project)
    page.open(domain="todo", key=project)
    told = page.until_text("invariant", "1..5 dense, no duplicates, checked ")
    assert told.endswith(" s ago")
    site.todo(project, "t6", "v-6")
    page.until_text("invariant", "1..6 dense")
    assert page.text("violation") == ""


def test_check_reads_on_and_does_not_begin_again(page: Page, site: Site, project: int) -> None:
    items = [{"projectId": project, "title": f"t{i}", "requestId": f"b-{i}"} for i in range(600)]
    site.batch(items)
    page.open(domain="todo", key=project)
    page.until_text("invariant", "1..600 dense")
    page.requests()
    site.todo(project, "one more", "b-600")
    page.until_text("invariant", "1..601 dense")
    asked = [each["url"] for each in page.requests() if "limit=250" in each["url"]]
    assert any(each.endswith("after=600&limit=250") for each in asked)
    assert not any("&limit=1000" in each for each in asked)


def test_hole_in_the_log_is_a_violation(page: Page, site: Site, project: int) -> None:
    some(site, project)
    site.sql("DELETE FROM entry WHERE key = ? AND place = 3", str(project))
    page.open(domain="todo", key=project)
    page.until_text("violation", "place 3 is missing")
    assert "dense" not in page.text("invariant")


def test_log_that_lost_its_tail_is_a_violation(page: Page, site: Site, project: int) -> None:
    some(site, project)
    page.open(domain="todo", key=project)
    page.until_text("invariant", "1..5 dense")
    site.sql("DELETE FROM entry WHERE key = ? AND place = 5", str(project))
    page.visit(domain="todo", key=project)
    page.until_text("violation", "the log ends at 4, and its head says 5")


def test_entry_that_changes_is_a_violation(page: Page, site: Site, project: int) -> None:
    some(site, project)
    page.open(domain="todo", key=project)
    page.until_text("invariant", "1..5 dense")
    site.sql(
        "UPDATE entry SET output = replace(output, 't2', 'T2') WHERE key = ? AND place = 2",
        str(project),
    )
    page.until_text("violation", "the entry at 2 is not what it was")


def test_erased_entry_is_no_violation(page: Page, site: Site, project: int) -> None:
    some(site, project)
    page.open(domain="todo", key=project)
    page.until_text("invariant", "1..5 dense")
    statement = "UPDATE entry SET payload = ?, output = ? WHERE key = ? AND place = 2"
    site.sql(statement, '"erased"', '"erased"', str(project))
    page.visit(domain="todo", key=project, status="erased")
    page.until(lambda: page.rows("log") == [["2", "erased", ""]])
    page.until_text("invariant", "1..5 dense")
    assert page.text("violation") == ""
