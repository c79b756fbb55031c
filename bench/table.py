"""What a run prints: machine, load of others, Markdown tables, and a plot in SVG."""

import os
import platform
from collections.abc import Mapping, Sequence
from math import log10
from pathlib import Path
from typing import Final

from tools.terminal import say

WIDTH, HEIGHT, MARGIN = 640, 360, 60
COLOURS: Final = ("#1f6feb", "#d1242f", "#1a7f37", "#9a6700")


def machine() -> str:
    """Say where this runs, and how busy others keep it."""
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    python = platform.python_version()
    return f"{platform.platform()}, {os.cpu_count()} cores, Python {python}, load average {load}"


def load_now() -> str:
    """Return the load average of the last minute: above the number of cores, times mean little."""
    return f"{os.getloadavg()[0]:.0f}"


def head(*columns: str) -> None:
    """Print the head of a table."""
    say()
    say("| " + " | ".join(columns) + " |")
    say("|" + "---|" * len(columns))


def row(*cells: object) -> None:
    """Print a row at once: a run takes minutes."""
    say("| " + " | ".join(map(str, cells)) + " |")


def ms(seconds: float) -> str:
    """Return a time in milliseconds."""
    return f"{seconds * 1e3:.1f}"


def plot(
    path: Path, title: str, x_name: str, lines: Mapping[str, Sequence[tuple[float, float]]]
) -> None:
    """Draw lines over a logarithmic x axis, from 0 on the y axis."""
    points = [point for line in lines.values() for point in line]
    low, high = (log10(f(x for x, _ in points)) for f in (min, max))
    top = max(y for _, y in points) * 1.1 or 1.0

    def at(x: float, y: float) -> tuple[float, float]:
        right = (log10(x) - low) / (high - low or 1.0) * (WIDTH - 2 * MARGIN)
        return MARGIN + right, HEIGHT - MARGIN - y / top * (HEIGHT - 2 * MARGIN)

    box = f'viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {box}>',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        f'<text x="{MARGIN}" y="24" font-size="14">{title}</text>',
        f'<text x="{WIDTH / 2}" y="{HEIGHT - 12}" text-anchor="middle">{x_name}</text>',
    ]
    for part in (0.0, 0.25, 0.5, 0.75, 1.0):
        y = HEIGHT - MARGIN - part * (HEIGHT - 2 * MARGIN)
        parts.append(f'<path d="M{MARGIN} {y:.1f}H{WIDTH - MARGIN}" stroke="#d0d7de"/>')
        parts.append(
            f'<text x="{MARGIN - 6}" y="{y + 4:.1f}" text-anchor="end">{top * part:.3g}</text>'
        )
    parts += [
        f'<text x="{at(x, 0)[0]:.1f}" y="{HEIGHT - MARGIN + 18}" text-anchor="middle">{x:g}</text>'
        for x in sorted({x for x, _ in points})
    ]
    for colour, (name, line), place in zip(COLOURS, lines.items(), range(len(lines)), strict=False):
        drawn = "L".join(f"{x:.1f} {y:.1f}" for x, y in (at(*point) for point in line))
        parts.append(f'<path d="M{drawn}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [
            f'<circle cx="{at(*p)[0]:.1f}" cy="{at(*p)[1]:.1f}" r="3" fill="{colour}"/>'
            for p in line
        ]
        parts.append(
            f'<text x="{WIDTH - MARGIN}" y="{44 + 16 * place}" text-anchor="end" fill="{colour}">{name}</text>'
        )
    path.write_text("\n".join([*parts, "</svg>"]) + "\n")
