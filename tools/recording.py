"""Record the demonstration of the README: a request, kill -9, the same request, the audit.

    python -m tools.recording [--port 7071] [--out docs/use/kill-and-repeat.svg]

Everything in the picture is from a real run, with its times: `make run` and `make audit` on an
empty data folder, and `curl`. The SVG plays on its own and needs no script and no font from
elsewhere; readers who asked for no motion see the end of it.
"""

import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

from tools import stopping

ROOT: Final = Path(__file__).parents[1]
OUT: Final = ROOT / "docs" / "use" / "kill-and-repeat.svg"

START_SECONDS_MAX: Final = 120.0
SHOWN: Final = re.compile(
    r"localhost: .*|Listening .*|HTTP/1.1 .*|Location: .*|.*Replayed.*|\{.*|The logs .*"
)
"""Lines of the output that matter: not a list of functions, not each header."""

LISTENING: Final = re.compile(r"Listening on .* process (\d+)\.")

LINE, CHARACTER, MARGIN = 20, 8.2, 20
COLUMNS: Final = 108
TYPING_SECONDS: Final = 1.2
"""Added before each command, as somebody who types it would."""
PAUSE_SECONDS_MAX: Final = 3.0
"""Of a machine that is busy elsewhere, no more than this is shown."""
REST_SECONDS: Final = 6.0
"""At the end, before it begins again."""


@dataclass(slots=True)
class Recording:
    """Lines, each with the second at which it appeared and whether it was typed."""

    port: int
    data: Path
    lines: list[tuple[float, str, bool]] = field(default_factory=list)
    at: float = 0.0
    now: float = field(default_factory=time.monotonic)

    def typed(self, command: str) -> None:
        """Show a command, which may go on in further lines."""
        self.at += TYPING_SECONDS
        first, *more = command.splitlines()
        for line in (f"$ {first}", *more):
            self._add(line, is_typed=True)

    def printed(self, text: str) -> None:
        """Show what matters of its output."""
        for line in text.splitlines():
            if SHOWN.fullmatch(line.strip()):
                self._add(line.strip().replace(str(self.data), ".data"), is_typed=False)

    def _add(self, line: str, *, is_typed: bool) -> None:
        before, self.now = self.now, time.monotonic()
        self.at += min(self.now - before, PAUSE_SECONDS_MAX)
        while line:
            self.lines.append((self.at, line[:COLUMNS], is_typed))
            line = line[COLUMNS:] and f"    {line[COLUMNS:]}"

    def host(self) -> int:
        """Start the app; return the id of its process when it serves. Raises RuntimeError."""
        self.typed("make run &")
        process = subprocess.Popen(
            self._make("run"), cwd=ROOT, stdout=subprocess.PIPE, text=True, env=_environ()
        )
        assert process.stdout is not None
        alarm = threading.Timer(START_SECONDS_MAX, process.kill)
        alarm.start()
        for line in process.stdout:
            self.printed(line)
            if listening := LISTENING.search(line):
                alarm.cancel()
                threading.Thread(target=process.communicate, daemon=True).start()
                return int(listening[1])
        raise RuntimeError("the app does not start")

    def curl(self) -> None:
        """Send the request of the README."""
        command = (
            f"curl -i localhost:{self.port}/api/todos -H 'Content-Type: application/json' \\\n"
            """       -H 'Idempotency-Key: 1c9e' -d '{"projectId": 7, "title": "Buy milk"}'"""
        )
        self.typed(command)
        self.printed(_output(["sh", "-c", f"{command} -s"]))

    def audit(self) -> None:
        """Check the store."""
        self.typed("make audit")
        self.printed(_output(self._make("audit")))

    def _make(self, verb: str) -> list[str]:
        return ["make", "--no-print-directory", verb, f"PORT={self.port}", f"DATA={self.data}"]


def _environ() -> dict[str, str]:
    return {**os.environ, "PYTHONUNBUFFERED": "1"}


def _output(command: list[str]) -> str:
    done = subprocess.run(
        command, cwd=ROOT, check=True, capture_output=True, text=True, timeout=60, env=_environ()
    )
    return done.stdout


def record(port: int, data: Path) -> list[tuple[float, str, bool]]:
    """Run it all. Raises RuntimeError, and CalledProcessError."""
    it = Recording(port, data)
    host = it.host()
    it.curl()
    it.typed(f"kill -9 {host}")
    os.kill(host, signal.SIGKILL)
    host = it.host()
    it.curl()
    it.audit()
    os.kill(host, signal.SIGTERM)
    return it.lines


def svg(lines: list[tuple[float, str, bool]]) -> str:
    """Draw it. Each line is hidden until its second; all go on together from the beginning."""
    seconds = lines[-1][0] + REST_SECONDS
    width, height = round(COLUMNS * CHARACTER + 2 * MARGIN), LINE * len(lines) + 2 * MARGIN
    frames, texts = [], []
    for number, (at, line, is_typed) in enumerate(lines):
        share = 100 * at / seconds
        frames.append(
            f"@keyframes l{number}{{0%,{share:.2f}%{{opacity:0}}{share + 0.01:.2f}%,100%{{opacity:1}}}}"
            f" .l{number}{{animation:l{number} {seconds:.1f}s infinite}}"
        )
        kind = "typed" if is_typed else "printed"
        texts.append(
            f'<text class="{kind} l{number}" x="{MARGIN}" y="{MARGIN + LINE * number + 14}"'
            f' xml:space="preserve">{escape(line)}</text>'
        )
    style = (
        "text{font:13.6px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;fill:#c9d1d9}"
        ".typed{fill:#7ee787;font-weight:600}"
        f"@media (prefers-reduced-motion:no-preference){{{' '.join(frames)}}}"
    )
    title = "A request, kill -9, the same request: the same answer, and an audit"
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">',
            f"<title>{title}</title><style>{style}</style>",
            f'<rect width="{width}" height="{height}" rx="8" fill="#0d1117"/>',
            *texts,
            "</svg>\n",
        ]
    )


def main() -> int:
    """Record it, and write the picture."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.recording",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--port", type=int, default=7071)
    parser.add_argument("--out", type=Path, default=OUT)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="recording-") as name:
        lines = record(given.port, Path(name))
    given.out.write_text(svg(lines), encoding="utf-8")
    print(f"Recorded {len(lines)} lines in {given.out}.")
    return 0


if __name__ == "__main__":
    sys.exit(stopping.run(main))
