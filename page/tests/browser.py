"""A Chromium of its own, and the page as somebody sees and uses it."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import urlencode

from selenium.common.exceptions import StaleElementReferenceException, WebDriverException
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.select import Select
from selenium.webdriver.support.wait import WebDriverWait

from tools.setup.chromium import find

PATIENCE_SECONDS: Final = 120.0
"""Only a hang reaches it."""

FLAGS: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1280,1100",
)

T = TypeVar("T")


@contextmanager
def chromium(profile: Path) -> Iterator[Chrome]:
    """Start a browser with an empty profile. Fails when there is none: nothing is skipped."""
    found = find()
    assert found is not None, "there is no Chromium: `make browser` installs it, or says why not"
    options = ChromeOptions()
    options.binary_location = found.browser
    for each in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(each)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = Chrome(options, Service(found.driver))
    try:
        driver.set_script_timeout(PATIENCE_SECONDS)
        yield driver
    finally:
        driver.quit()


class Page:
    """The page in a tab."""

    def __init__(self, driver: Chrome, base_url: str) -> None:
        """Belongs to the app at `base_url`."""
        self.driver = driver
        self.base_url = base_url

    def open(self, **fragment: object) -> None:
        """Open it anew, with nothing kept from before."""
        self.driver.get(f"{self.base_url}/api/page/icon.svg")
        self.driver.execute_script("sessionStorage.clear()")
        self.visit(**fragment)

    def visit(self, **fragment: object) -> None:
        """Open it in the same tab, which keeps its session."""
        self.driver.get("about:blank")
        self.driver.get(f"{self.base_url}/api/page#{urlencode(fragment)}")
        self.until(lambda: self.by_id("domain").find_elements(By.TAG_NAME, "option"))

    def by_id(self, name: str) -> WebElement:
        return self.driver.find_element(By.ID, name)

    def text(self, name: str) -> str:
        return self.by_id(name).text

    def rows(self, name: str) -> list[list[str]]:
        """The cells of a table, as they are read."""
        script = (
            "return [...document.getElementById(arguments[0]).children]"
            ".map((row) => [...row.cells].map((cell) => cell.textContent))"
        )
        found: list[list[str]] = self.driver.execute_script(script, name)
        return found

    def fill(self, name: str, text: str) -> None:
        field = self.by_id(name)
        field.clear()
        field.send_keys(text)

    def choose(self, name: str, value: str) -> None:
        Select(self.by_id(name)).select_by_value(value)

    def click(self, name: str) -> None:
        self.by_id(name).click()

    def press(self, label: str) -> None:
        """Press the button with this accessible name."""
        for each in self.driver.find_elements(By.TAG_NAME, "button"):
            if each.accessible_name == label:
                each.click()
                return
        raise AssertionError(f"no button {label!r}")

    def submit(self, form: str) -> None:
        self.by_id(form).find_element(By.CSS_SELECTOR, "button[type=submit]").click()

    def until(self, condition: Callable[[], T]) -> T:
        """Wait until it holds; return what it returned."""
        ignored = [StaleElementReferenceException, AssertionError]
        waiting = WebDriverWait(self.driver, PATIENCE_SECONDS, ignored_exceptions=ignored)
        return waiting.until(lambda _: condition())

    def until_text(self, name: str, part: str) -> str:
        """Wait until an element says it; on failure tell what it says instead."""
        try:
            return self.until(lambda: self.text(name) if part in self.text(name) else "")
        except WebDriverException as error:
            raise AssertionError(f"{name} says {self.text(name)!r}, not {part!r}") from error

    def script(self, text: str, *arguments: Any) -> Any:
        return self.driver.execute_script(text, *arguments)

    def keys(self, *pressed: str) -> None:
        """Press keys, wherever the focus is."""
        for each in pressed:
            ActionChains(self.driver).send_keys(each).perform()

    def focused(self) -> str:
        """The id of what has the focus."""
        found: str = self.script("return document.activeElement.id")
        return found

    def requests(self) -> list[Mapping[str, Any]]:
        """What was sent since the last call: method, URL, headers by their names in lower case."""
        messages = [json.loads(each["message"])["message"] for each in self._log("performance")]
        sent = [
            each["params"]["request"]
            for each in messages
            if each["method"] == "Network.requestWillBeSent"
        ]
        return [
            {**each, "headers": {name.lower(): text for name, text in each["headers"].items()}}
            for each in sent
        ]

    def complaints(self) -> list[str]:
        """What the console said since the last call, errors of answers aside."""
        said = [each["message"] for each in self._log("browser") if each["level"] == "SEVERE"]
        return [each for each in said if "Failed to load resource" not in each]

    def _log(self, kind: str) -> list[Any]:
        found: list[Any] = self.driver.get_log(kind)  # type: ignore[no-untyped-call]
        return found
