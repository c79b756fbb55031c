"""Links, anchors, queries, variables and settings in docs/operate lead somewhere."""

import re
from pathlib import Path
from typing import Final

import pytest

from tests.infra.bicep.syntax import INFRA, read
from tests.infra.kusto import QUERIES, analyze

ROOT: Final = Path(__file__).parents[2]
PAGES: Final = [*sorted((ROOT / "docs/operate").glob("*.md")), ROOT / "docs/use/event-hubs.md"]
MADE_BY_A_STEP: Final = {
    "AZURE_ENV_NAME",
    "AZURE_LOCATION",
    "AZURE_CLIENT_ID",
    "AZURE_TENANT_ID",
} | {"AZURE_SUBSCRIPTION_ID"}

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def anchors(page: Path) -> set[str]:
    """Return the anchors of headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    plain = [re.sub(r"[^\w\- ]", "", each.lower()) for each in headings]
    return {each.replace(" ", "-") for each in plain}


@each_page
def test_link_leads_to_a_heading_that_there_is(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", text.replace("\n", " ")):
        path, _, anchor = target.partition("#")
        if not path.startswith("http"):
            file = (page.parent / path).resolve() if path else page
            assert file.exists(), target
            assert not anchor or anchor in anchors(file), target


@pytest.mark.parametrize(
    "path", [*QUERIES.rglob("*.kql"), *INFRA.rglob("*.bicep")], ids=lambda path: path.name
)
def test_page_that_a_template_or_query_names_is_there(path: Path) -> None:
    named = re.findall(r"(docs/[\w/-]+\.md)#?([\w-]*)", path.read_text(encoding="utf-8"))
    for page, anchor in named:
        assert (ROOT / page).exists(), page
        assert not anchor or anchor in anchors(ROOT / page), anchor


@each_page
def test_query_on_a_page_is_valid(page: Path) -> None:
    blocks = re.findall(r"```kusto\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    found = analyze({str(place): each for place, each in enumerate(blocks)})
    assert [each.problems for each in found.values()] == [[] for _ in blocks]


@each_page
def test_variable_that_a_step_uses_is_an_output_or_set_before(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    used = set(re.findall(r"\$\{?((?:AZURE|EO|EventHubs)_\w+)", text))
    made = set(re.findall(r"\b(\w+)=", text)) | MADE_BY_A_STEP
    assert used <= read(INFRA / "main.bicep").of("output").keys() | made


@each_page
def test_variable_given_to_azd_is_read_by_the_parameter_file(page: Path) -> None:
    content = (INFRA / "main.bicepparam").read_text(encoding="utf-8")
    known = re.findall(r"readEnvironmentVariable\('(\w+)'", content)
    given = re.findall(r"azd env set (\w+)", page.read_text(encoding="utf-8"))
    assert set(given) <= set(known)


@each_page
def test_parameter_that_a_page_names_is_one_of_the_template(page: Path) -> None:
    rows = re.findall(r"^\| `(\w+)` \| `[^`]*` \|", page.read_text(encoding="utf-8"), re.MULTILINE)
    parameters = [each for each in rows if re.fullmatch(r"[a-z]+[A-Z]\w*|hosting|redundancy", each)]
    assert set(parameters) <= read(INFRA / "main.bicep").of("param").keys()


@each_page
def test_file_test_and_tool_that_a_page_names_is_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for path, test in re.findall(
        r"`((?:infra|tests|tools|docs|\.github)/[\w./-]*)(?:::(\w+))?`", text
    ):
        assert (ROOT / path).exists(), path
        assert not test or f"def {test}(" in (ROOT / path).read_text(encoding="utf-8"), test
    for module in re.findall(r"python -m (tools[\w.]*)", text):
        found = ROOT / module.replace(".", "/")
        assert found.exists() or found.with_suffix(".py").exists(), module
