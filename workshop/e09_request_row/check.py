"""The same request id from several callers, with the same content and with another."""

from functools import partial
from typing import Any

from workshop.simulator import Conflict, Faults, Insert, Put, Table, Update, World
from workshop.simulator.explore import Scenario

WRITTEN = {200, 202}
REFUSED = 422


async def work(inbox: Table, ledger: Table) -> None:
    """The worker of the story."""
    while True:
        for request, content in (await inbox.wait_for_rows()).items():
            await book(request, content, ledger)
            await inbox.delete(request)


async def book(request: str, content: str, ledger: Table) -> None:
    """Write the booking and its request row, once."""
    head = await ledger.read("head")
    assert head is not None
    number = head.value + 1
    try:
        await ledger.transaction(
            Insert(f"request/{request}", content),
            Insert(f"booking/{number}", content),
            Update("head", number, head.etag),
        )
    except Conflict:
        return  # the only worker: it is the request row that was there


def scenarios(code: Any) -> list[Scenario]:
    """Two callers, then three, then crashes."""

    def build(contents: tuple[str, ...], world: World) -> None:
        inbox, ledger = Table(world, "inbox", local=True), Table(world, "ledger", local=True)
        ledger.apply([Put("head", 0)])
        answers: list[tuple[str, int]] = []

        async def call(content: str) -> None:
            answer = await code.accept("r1", content, inbox, ledger)
            await world.note(f"answers {answer} to r1 = {content}")
            answers.append((content, answer))

        for n, content in enumerate(contents, 1):
            world.spawn(world.process(f"web {n}"), call(content))
        world.process("worker", lambda: work(inbox, ledger), crashes=False)

        def promise() -> str | None:
            booked = ledger.values().get("request/r1")
            for content, answer in answers:
                if answer not in {*WRITTEN, REFUSED}:
                    return f"an answer is {answer}; possible are 200, 202 and 422"
                if answer in WRITTEN and booked != content:
                    return f"{content} was accepted with {answer}, and booked is {booked}"
                if answer == REFUSED and booked == content:
                    return f"{content} was refused with 422, and is booked"
            return None

        world.at_end(promise)

    return [
        Scenario("one caller", partial(build, ("5 EUR",))),
        Scenario("the same twice", partial(build, ("5 EUR", "5 EUR")), runs_max=1500),
        Scenario("two contents", partial(build, ("5 EUR", "9 EUR")), runs_max=1500),
        Scenario("crash", partial(build, ("5 EUR", "9 EUR")), Faults(crashes=1), 1500),
        Scenario("three callers", partial(build, ("5 EUR", "9 EUR", "5 EUR")), Faults(), 1500),
    ]
