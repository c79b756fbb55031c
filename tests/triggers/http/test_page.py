"""The files of the page: anonymous, without data, and under a policy."""

import re
from pathlib import Path

import azure.functions as func
import pytest

from triggers.http import page
from triggers.http.reading import guarded

FOLDER = Path(__file__).parents[3] / "page"

PUBLISHED = sorted(each.name for each in FOLDER.iterdir() if each.suffix in page.MEDIA_TYPES)


async def get(file: str = "", **headers: str) -> func.HttpResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    url = "http://127.0.0.1/api/page"
    req = func.HttpRequest("GET", url, headers=named, route_params={"file": file}, body=b"")
    return await guarded(page.get, req)


@pytest.mark.parametrize("name", PUBLISHED)
async def test_file_is_served_with_its_type_and_the_policy(name: str) -> None:
    response = await get(name)
    assert response.status_code == 200
    assert response.get_body() == (FOLDER / name).read_bytes()
    assert response.mimetype == page.MEDIA_TYPES[Path(name).suffix]
    policy = response.headers["Content-Security-Policy"].split("; ")
    assert policy[:2] == ["default-src 'none'", "script-src 'self'"]
    assert not re.search(r"unsafe|http|\*|data:", " ".join(policy))
    assert response.headers["X-Content-Type-Options"] == "nosniff"


async def test_page_without_a_name_is_its_index() -> None:
    assert (await get()).get_body() == (FOLDER / "index.html").read_bytes()


@pytest.mark.parametrize(
    "name",
    [
        *("README.md", "tests", "tests/conftest.py", "nothing.js", "../function_app.py"),
        *("../host.json", "/etc/passwd", "main.js/", "MAIN.JS", ".", "..", "main.js\x00"),
    ],
)
async def test_nothing_else_can_be_asked_for(name: str) -> None:
    assert (await get(name)).status_code == 404


async def test_file_that_the_browser_has_is_not_sent_again() -> None:
    etag = (await get("main.js")).headers["ETag"]
    again = await get("main.js", if_none_match=etag)
    assert (again.status_code, again.get_body()) == (304, b"")
    assert (await get("main.js", if_none_match='"another"')).status_code == 200
    assert (await get("style.css")).headers["ETag"] != etag


@pytest.mark.parametrize("name", PUBLISHED)
def test_file_names_no_address_of_others(name: str) -> None:
    text = (FOLDER / name).read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"https?://|//[a-z]+\.", text)


def test_markup_holds_no_script_and_no_style() -> None:
    text = (FOLDER / "index.html").read_text(encoding="utf-8")
    assert re.findall(r"<script[^>]*>(.*?)</script>", text, re.DOTALL) == [""]
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", text)


@pytest.mark.parametrize("name", [each for each in PUBLISHED if each.endswith(".js")])
def test_scripts_never_make_markup_of_text(name: str) -> None:
    text = (FOLDER / name).read_text(encoding="utf-8")
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function|localStorage",
        text,
    )


@pytest.mark.parametrize("name", [each for each in PUBLISHED if each.endswith(".js")])
def test_imports_lead_to_files_that_are_served(name: str) -> None:
    text = (FOLDER / name).read_text(encoding="utf-8")
    for each in re.findall(r'from "\./([^"]+)"', text):
        assert each in PUBLISHED
