"""Where the real system does what an exercise teaches has to be there."""

from pathlib import Path

import pytest

from workshop.catalogue import FOLDER, NUMBERS, every
from workshop.citations import read_all

ROOT = FOLDER.parent
LATER = FOLDER / "after-integration.txt"


def allowed() -> set[str]:
    lines = LATER.read_text(encoding="utf-8").splitlines() if LATER.exists() else []
    return {line for line in lines if not line.startswith("#")}


@pytest.mark.parametrize("number", NUMBERS)
def test_cited_files_exist(number: int) -> None:
    citation = read_all()[number]
    for address in (citation.file, citation.test):
        assert (ROOT / address).exists() or address in allowed(), address


def test_nothing_is_allowed_that_exists_or_is_not_cited() -> None:
    cited = {address for each in read_all().values() for address in (each.file, each.test)}
    assert not [each for each in allowed() if (ROOT / each).exists() or each not in cited]


def test_links_between_files_of_the_workshop_lead_somewhere() -> None:
    pages = [FOLDER / "README.md", *(each.folder / "README.md" for each in every())]
    for page in pages:
        for target in links(page):
            assert (page.parent / target).exists(), f"{page.parent.name}: {target}"


def links(page: Path) -> list[str]:
    parts = page.read_text(encoding="utf-8").split("](")[1:]
    targets = [part.partition(")")[0] for part in parts]
    return [each.partition("#")[0] for each in targets if not each.startswith("http")]
