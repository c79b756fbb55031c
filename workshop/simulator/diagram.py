"""A time diagram in SVG: a lane for everybody, time goes down."""

import textwrap
from html import escape
from typing import Final

from workshop.simulator.history import History, Line

LANE: Final = 150
ROW: Final = 34
TOP: Final = 70
CHARACTER: Final = 7
"""Pixels: between lanes, between steps, above the first step, for a character of a step's words."""

COLOURS: Final = {"effect": "#1f4e79", "lost": "#b8860b", "crash": "#b22222"}


def draw(history: History, title: str, broken: str) -> str:
    """Return an SVG document."""
    lanes = lanes_of(history)
    wrapped = textwrap.wrap(broken, 95)
    bottom = TOP + ROW * len(history)
    height = bottom + 40 + 18 * len(wrapped)
    longest = max(map(len, map(str, history)), default=0) + len("12  ")
    width = LANE * len(lanes) + CHARACTER * longest + LANE
    body = [text(20, 24, title, "font-weight:bold")]
    for n, name in enumerate(lanes):
        x = centre(n)
        body.append(text(x, TOP - 22, name, "text-anchor:middle;font-weight:bold"))
        body.append(line(x, TOP - 14, x, bottom, "#bbbbbb"))
    for n, each in enumerate(history):
        body += step(n, each, lanes)
    for n, part in enumerate(wrapped):
        body.append(
            text(20, bottom + 30 + 18 * n, part, f"fill:{COLOURS['crash']};font-weight:bold")
        )
    style = "font:13px sans-serif"
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" style="{style}">'
    arrow = (
        '<defs><marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" '
        'markerHeight="8" orient="auto"><path d="M0,0 L8,4 L0,8 z"/></marker></defs>'
    )
    return "\n".join(
        [head, '<rect width="100%" height="100%" fill="white"/>', arrow, *body, "</svg>\n"]
    )


def lanes_of(history: History) -> list[str]:
    """Return everybody and everything in the order of appearance."""
    names = [name for each in history for name in (each.who, each.target) if name]
    return list(dict.fromkeys(names))


def step(n: int, each: Line, lanes: list[str]) -> list[str]:
    """Draw one step: an arrow to its target or a dot, a cross for a crash, and its words."""
    y = TOP + ROW * n + ROW // 2
    x = centre(lanes.index(each.who))
    colour = COLOURS[each.kind]
    words = text(LANE * len(lanes) + 10, y + 4, f"{n + 1}  {each}", f"fill:{colour}")
    if each.kind == "crash":
        return [
            line(x - 8, y - 8, x + 8, y + 8, colour, 3),
            line(x - 8, y + 8, x + 8, y - 8, colour, 3),
            words,
        ]
    dot = f'<circle cx="{x}" cy="{y}" r="4" fill="{colour}"/>'
    if not each.target or each.target == each.who:
        return [dot, words]
    to = centre(lanes.index(each.target))
    dashed = ' stroke-dasharray="6 4"' if each.kind == "lost" else ""
    return [dot, line(x, y, to, y, colour, 2, dashed + ' marker-end="url(#arrow)"'), words]


def centre(lane: int) -> int:
    """Return the x of a lane."""
    return LANE * lane + LANE // 2


def line(x1: int, y1: int, x2: int, y2: int, colour: str, width: int = 1, more: str = "") -> str:  # noqa: PLR0913, PLR0917
    """Return a line."""
    place = f'x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}"'
    return f'<line {place} stroke="{colour}" stroke-width="{width}"{more}/>'


def text(x: int, y: int, words: str, style: str) -> str:
    """Return a line of text."""
    return f'<text x="{x}" y="{y}" style="{style}">{escape(words)}</text>'
