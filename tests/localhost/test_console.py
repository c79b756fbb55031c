import asyncio
import io
import logging
import threading
from collections.abc import Iterator

import pytest

from localhost.background import Background
from localhost.console import LINES_MAX, Console, show_logs


class Out(io.StringIO):
    """Counts how often it is written to."""

    writes = 0

    def write(self, text: str) -> int:
        self.writes += 1
        return super().write(text)


async def test_lines_of_all_threads_are_written_together_in_order() -> None:
    out = Out()
    console = Console(out)
    console.line("at once")
    assert out.getvalue() == "at once\n"
    console.gather()
    console.line("one")
    thread = threading.Thread(target=console.line, args=("two",))
    thread.start()
    thread.join()
    console.line("three")
    assert out.writes == 1
    console.stop_gathering()
    assert out.getvalue() == "at once\none\ntwo\nthree\n"
    assert out.writes == 2


async def test_gathered_lines_are_written_without_being_asked() -> None:
    written = asyncio.Event()

    class Waiting(Out):
        def flush(self) -> None:
            written.set()

    out = Waiting()
    console = Console(out)
    console.gather()
    console.line("one")
    await asyncio.wait_for(written.wait(), 5)
    assert out.getvalue() == "one\n"


async def test_stop_right_after_a_line_leaves_nothing_on_the_loop() -> None:
    problems: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, problem: problems.append(problem))
    out = Out()
    console = Console(out)
    console.gather()
    console.line("last")
    console.stop_gathering()
    for _ in range(3):
        await asyncio.sleep(0)
    assert out.getvalue() == "last\n"
    assert problems == []


def test_a_closed_terminal_does_no_harm() -> None:
    out = io.StringIO()
    out.close()
    Console(out).line("nobody reads this")


async def test_requests_can_be_left_out() -> None:
    out = Out()
    console = Console(out, log_requests=False)
    console.request("GET", "/", 200, 0.001)
    console.event("kept")
    assert out.getvalue().endswith("Z] kept\n")
    assert out.writes == 1


@pytest.fixture
def root_logger() -> Iterator[logging.Logger]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield root
    root.handlers[:] = handlers
    root.setLevel(level)


def test_what_the_app_logs_is_shown_from_the_configured_level_on(
    root_logger: logging.Logger,
) -> None:
    out = Out()
    show_logs(Console(out), "Warning")
    root_logger.info("not this")
    logging.getLogger("app").warning("but %s", "this")
    assert out.getvalue().endswith("Z] WARNING app: but this\n")
    assert "not this" not in out.getvalue()


async def test_broken_background_task_is_reported_and_others_end() -> None:
    out, ended = Out(), []
    background = Background(Console(out))

    async def breaks() -> None:
        raise LookupError("why")

    async def waits() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(1)

    background.spawn(breaks())
    background.spawn(waits())
    await asyncio.sleep(0)
    await background.stop()
    assert "a background task ended: LookupError: why" in out.getvalue()
    assert ended == [1]


def test_terminal_that_stands_still_holds_up_nobody() -> None:
    # A pager that is not scrolled, a pipe that nobody reads, a terminal after Ctrl-S.
    goes_on = threading.Event()

    class Standing(Out):
        def write(self, text: str) -> int:
            goes_on.wait(60)
            return super().write(text)

    out = Standing()
    console = Console(out)
    console.gather()
    for number in range(3 * LINES_MAX):
        console.line(str(number))
    goes_on.set()
    console.stop_gathering()
    lines = out.getvalue().splitlines()
    assert lines[:3] == ["0", "1", "2"]
    assert len(lines) <= 2 * LINES_MAX + 2
    assert "lines were dropped: nobody read them" in lines[-1]
