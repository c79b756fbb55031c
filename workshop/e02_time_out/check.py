"""A payment over a network that loses up to two requests or answers."""

from typing import Any

from workshop.simulator import Effect, Faults, Service, World
from workshop.simulator.effect import once
from workshop.simulator.explore import Scenario


class Bank:
    """How often it took the money, and whether somebody has cancelled."""

    def __init__(self) -> None:
        """Nobody has paid."""
        self.taken = 0
        self.cancelled = False

    async def charge(self, _payment: str, _cents: int) -> str:
        """Take the money, once more."""
        return await Effect("", "charges", once(self._charge), tell=said, remote=False)

    async def find(self, _payment: str) -> str:
        """Say how it is now."""
        return await Effect("", "looks", once(self._find), tell=said, remote=False)

    async def cancel(self, _payment: str) -> str:
        """Make it final."""
        return await Effect("", "cancels", once(self._cancel), tell=said, remote=False)

    def _charge(self) -> str:
        if self.cancelled:
            return "cancelled"
        self.taken += 1
        return "charged"

    def _find(self) -> str:
        return "charged" if self.taken else "cancelled" if self.cancelled else "unknown"

    def _cancel(self) -> str:
        self.cancelled = self.cancelled or not self.taken
        return self._find()


def said(answer: str) -> str:
    """Show what the bank decides."""
    return f": {answer}"


def scenarios(code: Any) -> list[Scenario]:
    """Without and with losses."""

    def build(world: World, *, fine: bool) -> None:
        bank = Bank()
        process = world.process("bank", crashes=False)
        service = Service(world, process, charge=bank.charge, find=bank.find, cancel=bank.cancel)
        told: list[str] = []

        async def shop() -> None:
            told.append(await code.pay(service, "p1", 3000))
            await world.note(f"tells Ann: {told[0]}")

        world.person("shop", shop)

        def promise() -> str | None:
            if bank.taken > 1:
                return "Ann has paid " + ("twice" if bank.taken == 2 else f"{bank.taken} times")
            if told != [("paid" if bank.taken else "not paid")]:
                fact = "was charged" if bank.taken else "was not charged"
                return f"Ann hears {' '.join(map(repr, told)) or 'nothing'} and {fact}"
            if fine and not bank.taken:
                return "nothing went wrong, and Ann could not pay"
            return None

        world.at_end(promise)

    return [
        Scenario("nothing gets lost", lambda world: build(world, fine=True)),
        Scenario("one loss", lambda world: build(world, fine=False), Faults(lost=1)),
        Scenario("two losses", lambda world: build(world, fine=False), Faults(lost=2)),
    ]
