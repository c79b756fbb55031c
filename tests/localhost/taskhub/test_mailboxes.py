"""Who runs when: one work item per instance, a limit on all, nobody starves."""

import asyncio
from collections import Counter

from localhost.taskhub.mailboxes import Mailbox, Mailboxes
from localhost.taskhub.messages import Message


class Recorder:
    """Work items that end once as many of them run as may."""

    def __init__(self, limit: int, turns: int) -> None:
        self.turns: list[str] = []
        self.running: Counter[str] = Counter()
        self.most = 0
        self._limit = limit
        self._expected = turns
        self._full, self._done = asyncio.Event(), asyncio.Event()
        self.boxes = Mailboxes(limit, self.run)

    async def run(self, box: Mailbox) -> None:
        box.take(1)
        self.turns.append(box.target)
        self.running[box.target] += 1
        assert self.running[box.target] == 1
        self.most = max(self.most, self.running.total())
        if self.most == self._limit:
            self._full.set()
        await self._full.wait()
        self.running[box.target] -= 1
        if len(self.turns) == self._expected:
            self._done.set()

    async def finish(self) -> None:
        async with asyncio.timeout(10):
            await self._done.wait()
            await self.boxes.stop()


async def test_a_busy_instance_lets_the_others_have_their_turns() -> None:
    recorder = Recorder(limit=1, turns=5)
    for target in "aaabc":
        recorder.boxes.deliver(Message(0, target, ""))
    await recorder.finish()
    assert recorder.turns == ["a", "b", "c", "a", "a"]


async def test_limit_holds_and_no_instance_runs_twice_at_once() -> None:
    recorder = Recorder(limit=2, turns=8)
    for target in "aabbccdd":
        recorder.boxes.deliver(Message(0, target, ""))
    await recorder.finish()
    assert recorder.most == 2
    assert Counter(recorder.turns) == Counter("aabbccdd")


async def test_an_instance_without_messages_costs_no_memory() -> None:
    recorder = Recorder(limit=2, turns=50)
    for number in range(50):
        recorder.boxes.deliver(Message(0, f"i{number}", ""))
    await recorder.finish()
    assert not recorder.boxes._boxes
