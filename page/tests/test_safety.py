"""What others wrote is text, the policy stands behind it, and the key stays in a header."""

from typing import Final

import pytest
from selenium.webdriver import Chrome

from page.tests.browser import Page
from page.tests.service import Site
from tests.e2e.server import LocalhostProcess

INJECTIONS: Final = (
    "<script>window.pwned=1</script>",
    "<img src=x onerror=window.pwned=1>",
    '"><svg onload=window.pwned=1>',
    "<iframe srcdoc='<script>parent.pwned=1</script>'></iframe>",
    "</td></tr></table><h1>pwned</h1>",
    "<a href=javascript:window.pwned=1>click</a>",
    "<style>*{display:none}</style>",
    "<base href=https://evil.example/>",
    "<meta http-equiv=refresh content=0;url=https://evil.example/>",
    "<form action=https://evil.example/><button>Send</button></form>",
    "<math><mtext><table><mglyph><style><img src=x onerror=window.pwned=1>",
    "<template><script>window.pwned=1</script></template>",
    "&lt;script&gt;window.pwned=1&lt;/script&gt;",
    "javascript:window.pwned=1",
    "${window.pwned=1}{{window.pwned=1}}",
    "`;window.pwned=1;//",
    "' onfocus=window.pwned=1 autofocus='",
    "\\u003cscript\\u003ewindow.pwned=1\\u003c/script\\u003e",
    "<!--<script>window.pwned=1//-->",
    "__proto__",
)

REQUEST_IDS: Final = (
    "<svg-onload=window.pwned=1>",
    '"><img-src=x-onerror=window.pwned=1>',
    "'onfocus=window.pwned=1'",
    "__proto__",
)


def is_harmless(page: Page, elements: int) -> None:
    assert page.script("return window.pwned") is None
    strange = "script:not([src]), iframe, img, svg, style, base, a[href^='javascript'], #log h1"
    assert page.script("return document.querySelectorAll(arguments[0]).length", strange) == 0
    assert page.script("return document.querySelectorAll('form').length") == elements


def test_titles_are_text_whatever_they_hold(page: Page, site: Site, project: int) -> None:
    page.open(domain="todo", key=project)
    forms = page.script("return document.querySelectorAll('form').length")
    for number, title in enumerate(INJECTIONS):
        site.todo(project, title, f"j-{number}")
    wanted = [[str(i + 1), "created", title] for i, title in enumerate(INJECTIONS)][::-1]
    page.until(lambda: page.rows("log") == wanted)
    page.visit(domain="todo", key=project, request="j-0")
    page.until_text("story", INJECTIONS[0])
    is_harmless(page, forms)


def test_request_ids_are_text_whatever_they_hold(page: Page, site: Site, project: int) -> None:
    for each in REQUEST_IDS:
        site.leave_waiting(project, "x", each)
    page.open(domain="todo", key=project)
    forms = page.script("return document.querySelectorAll('form').length")
    page.until(lambda: [each[0] for each in page.rows("pending")] == list(REQUEST_IDS))
    for each in REQUEST_IDS:
        page.press(f"Story {each}")
        page.until_text("story", "It is accepted")
    is_harmless(page, forms)


@pytest.mark.parametrize("text", INJECTIONS[:6])
def test_address_is_text_whatever_it_holds(page: Page, text: str) -> None:
    page.open(domain=text, key=text, status=text, id=text, request=text)
    forms = page.script("return document.querySelectorAll('form').length")
    page.until_text("failure", "400")
    is_harmless(page, forms)


def test_text_that_turns_its_neighbours_round_is_made_visible(
    page: Page, site: Site, project: int
) -> None:
    site.todo(project, "abc\u202edef", "t-1")
    page.open(domain="todo", key=project)
    page.until(lambda: page.rows("log") == [["1", "created", "abc\\u202edef"]])


def test_policy_refuses_scripts_markup_and_other_hosts(
    page: Page, locked: LocalhostProcess, project: int
) -> None:
    page.open(domain="todo", key=project)
    refused = page.script(
        """
        const refused = [];
        const attempt = (name, act) => { try { act(); } catch { refused.push(name); } };
        attempt("innerHTML", () => { document.body.innerHTML += "<p>x</p>"; });
        attempt("inline", () => {
          const made = document.createElement("script");
          made.textContent = "window.pwned = 1";
          document.body.append(made);
        });
        attempt("address", () => {
          const made = document.createElement("script");
          made.src = arguments[0] + "/api/page/main.js";
          document.body.append(made);
        });
        attempt("handler", () => {
          document.body.setAttribute("onclick", "window.pwned = 1");
          document.body.click();
        });
        return refused;
        """,
        locked.base_url,
    )
    assert {"innerHTML", "inline", "address"} <= set(refused)
    outcome = page.driver.execute_async_script(
        "fetch(arguments[0] + '/api/health', {mode: 'no-cors'})"
        ".then(() => arguments[1]('sent'), () => arguments[1]('refused'))",
        locked.base_url,
    )
    assert outcome == "refused"
    assert page.script("return window.pwned") is None
    said = " ".join(page.complaints())
    assert "Content Security Policy" in said


def test_page_asks_nobody_but_its_own_host(page: Page, site: Site, project: int) -> None:
    site.todo(project, "Buy milk", "o-1")
    page.open(domain="todo", key=project, request="o-1")
    page.until_text("invariant", "1..1 dense")
    page.until_text("story", "It has its place")
    urls = [each["url"] for each in page.requests()]
    own = (page.base_url, "about:", "data:")
    assert [each for each in urls if not each.startswith(own)] == []


def test_without_a_key_the_page_asks_for_one(driver: Chrome, locked: LocalhostProcess) -> None:
    page = Page(driver, locked.base_url)
    page.open(domain="todo", key=1)
    page.until_text("key-told", "Enter a function key")
    page.until_text("health", "health: ok")
    assert page.rows("log") == []


def test_wrong_key_is_refused_and_a_right_one_works(
    driver: Chrome, locked: LocalhostProcess, keys: dict[str, str]
) -> None:
    page = Page(driver, locked.base_url)
    page.open(domain="todo", key=1)
    page.fill("key", "not-the-key")
    page.submit("key-form")
    page.until_text("key-told", "This key was refused.")
    page.requests()
    page.fill("key", keys["host"])
    page.submit("key-form")
    page.until_text("key-told", "kept for this tab only")
    page.fill("field-projectId", "1")
    page.submit("create")
    page.until_text("answer", "201")
    sent = page.requests()
    with_key = [e for e in sent if e["headers"].get("x-functions-key") == keys["host"]]
    assert with_key
    assert not [each for each in sent if keys["host"] in each["url"]]
    assert keys["host"] not in page.driver.current_url
    assert page.driver.get_cookies() == []
    assert page.script("return localStorage.length") == 0
    assert not page.by_id("host").is_displayed()  # a function key does not open /admin


def test_forgotten_key_is_gone(
    driver: Chrome, locked: LocalhostProcess, keys: dict[str, str]
) -> None:
    page = Page(driver, locked.base_url)
    page.open(domain="todo", key=1)
    page.fill("key", keys["host"])
    page.submit("key-form")
    page.until_text("key-told", "kept for this tab only")
    page.click("key-forget")
    page.until_text("key-told", "Enter a function key")
    assert page.script("return sessionStorage.getItem('function-key')") is None
