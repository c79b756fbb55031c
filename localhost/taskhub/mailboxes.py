"""Pending messages per instance, and who runs when: one work item per instance at a time.

A message is handed in once it is on disk and was seen; that makes its instance ready, and a ready
instance runs as soon as fewer than the limit are running.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

from localhost.taskhub.messages import Message


class Mailbox:
    """The messages of one instance. `void` tells its running work item not to commit."""

    __slots__ = ("busy", "held", "queue", "target", "void")

    def __init__(self, target: str) -> None:
        """Make an empty one."""
        self.target = target
        self.queue: deque[Message] = deque()
        self.held: list[Message] = []
        """Messages that make sense only after something else; looked at with every new one."""
        self.busy = False
        self.void = False

    def take(self, at_most: int | None = None) -> list[Message]:
        """Take messages out, oldest first."""
        if at_most is None or at_most >= len(self.queue):
            messages = list(self.queue)
            self.queue.clear()
            return messages
        return [self.queue.popleft() for _ in range(at_most)]

    def put_back(self, messages: Sequence[Message]) -> None:
        """Put messages back in front, in their order."""
        self.queue.extendleft(reversed(messages))


class Mailboxes:
    """The mailboxes of one kind of instance, and the work items that run on them."""

    def __init__(self, limit: int, run: Callable[[Mailbox], Awaitable[None]]) -> None:
        """`run` works on one mailbox; at most `limit` of them at a time."""
        self._limit = limit
        self._run = run
        self._boxes: dict[str, Mailbox] = {}
        self._ready: deque[Mailbox] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = False

    def deliver(self, message: Message, place: int | None = None) -> None:
        """Hand in a message that was seen; `place` in the queue, by default at its end."""
        box = self._boxes.get(message.target)
        if box is None:
            box = self._boxes[message.target] = Mailbox(message.target)
        if place is None or place >= len(box.queue):
            box.queue.append(message)
        else:
            box.queue.insert(place, message)
        if not box.busy:
            self._make_ready(box)

    @property
    def ready(self) -> int:
        """How many instances have something to do and wait for their turn."""
        return len(self._ready)

    def waiting(self, target: str) -> int:
        """Return how many messages wait for an instance."""
        box = self._boxes.get(target)
        return len(box.queue) if box else 0

    def void(self, target: str) -> None:
        """Make the work item that runs for an instance give up instead of committing."""
        box = self._boxes.get(target)
        if box is not None and box.busy:
            box.void = True

    def wake(self, target: str) -> None:
        """Work on what an instance holds back."""
        box = self._boxes.get(target)
        if box is not None and not box.busy:
            self._make_ready(box)

    async def stop(self) -> None:
        """Start nothing any more and wait until nothing runs."""
        self._stopping = True
        while self._tasks:
            await asyncio.wait(self._tasks)

    def kill(self) -> None:
        """Start nothing any more, and break off what runs."""
        self._stopping = True
        for task in self._tasks:
            task.cancel()

    def _make_ready(self, box: Mailbox) -> None:
        box.busy = True
        self._ready.append(box)
        self._start()

    def _start(self) -> None:
        if self._stopping:
            return
        while self._ready and len(self._tasks) < self._limit:
            task = asyncio.create_task(self._work(self._ready.popleft()))
            self._tasks.add(task)
            task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.result()  # a bug in the hub: let the event loop's handler tell
        self._start()

    async def _work(self, box: Mailbox) -> None:
        while True:
            await self._run(box)
            box.void = False
            if self._stopping or not box.queue:
                break
            if self._ready:  # others first
                self._ready.append(box)
                return
        box.busy = False
        if not box.queue and not box.held:
            del self._boxes[box.target]
