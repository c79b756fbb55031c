"""The picture of the README: drawn from what was printed, whatever that was."""

from xml.etree import ElementTree as ET

from tools.audit.findings import CONSISTENT
from tools.recording import COLUMNS, OUT, PAUSE_SECONDS_MAX, Recording, svg

SVG = "{http://www.w3.org/2000/svg}"


def texts(drawn: str) -> list[str | None]:
    return [each.text for each in ET.fromstring(drawn).iter(f"{SVG}text")]


def test_lines_that_matter_are_drawn_in_order() -> None:
    it = Recording(7071, OUT.parent)
    it.typed("curl '<&>'")
    it.printed(f'HTTP/1.1 201 Created\nServer: Kestrel\n{{"data": "{OUT.parent}"}}\n')
    assert texts(svg(it.lines)) == [
        *("$ curl '<&>'", "HTTP/1.1 201 Created", '{"data": ".data"}'),
    ]


def test_long_line_goes_on_in_the_next_one() -> None:
    it = Recording(7071, OUT.parent)
    it.typed("x" * COLUMNS)
    assert texts(svg(it.lines)) == ["$ " + "x" * (COLUMNS - 2), "    xx"]


def test_long_pause_is_cut() -> None:
    it = Recording(7071, OUT.parent)
    it.now -= 1000
    it.printed(CONSISTENT)
    assert it.lines[0][0] == PAUSE_SECONDS_MAX


def test_picture_of_the_readme_needs_nothing_from_elsewhere() -> None:
    drawn = OUT.read_text(encoding="utf-8")
    assert "Idempotency-Replayed: true" in texts(drawn)
    assert "href" not in drawn
    assert "url(" not in drawn
