"""The calls of the SDK behind the port: every failure is HubUnknown, and every call ends."""

import asyncio
import json
from datetime import datetime
from typing import Any

import pytest
from typing_extensions import override

from entities.messages import encode_create, encode_order
from entities.order import Order
from taskhub import durable
from taskhub.durable import KEYS_CHARACTERS_MAX, DurableHub
from taskhub.port import HubUnknown
from taskhub.sdk import Calls


class Client(Calls):
    """Stands for the SDK: notes calls, and answers or fails as a test says."""

    def __init__(self, answer: Any = None, fails: BaseException | None = None) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.answer = answer
        self.fails = fails
        self.hangs = False

    @override
    async def signal(self, entity: str, key: str, operation: str, message: Any) -> None:
        await self._call("signal", entity, key, operation, message)

    @override
    async def state(self, entity: str, key: str) -> Any:
        await self._call("read", entity, key)
        return self.answer

    @override
    async def start(self, orchestration: str, message: Any) -> None:
        await self._call("start", orchestration, message)

    @override
    async def purge(self, since: datetime, until: datetime) -> int:
        raise NotImplementedError

    async def _call(self, *values: Any) -> None:
        self.calls.append(values)
        if self.hangs:
            await asyncio.Event().wait()
        if self.fails is not None:
            raise self.fails


def hub_of(client: Client) -> DurableHub:
    return DurableHub(client, "Project", "outbox_todos")


async def test_create_signals_the_entity_of_the_key() -> None:
    client = Client()
    await hub_of(client).create("C-1042", ["a"], ["b"], 3)
    message = encode_create(["a"], ["b"], 3)
    assert client.calls == [("signal", "Project", "C-1042", "create", message)]


async def test_order_is_the_committed_state() -> None:
    order = Order(3, ("a", "b"))
    assert await hub_of(Client(encode_order(order))).order("7") == order


@pytest.mark.parametrize("state", [None, "", {"v": 99}, "text", 5, {"v": 1, "head": -1}])
async def test_state_that_cannot_be_read_is_the_empty_order(state: Any) -> None:
    assert await hub_of(Client(state)).order("7") == Order()


async def test_hand_over_of_many_keys_is_cut_below_the_blob_limit() -> None:
    client = Client()
    keys = [f"{n:0255}" for n in range(300)]
    await hub_of(client).hand_over(keys)
    inputs = [call[2] for call in client.calls]
    assert [key for piece in inputs for key in piece] == keys
    assert all(len(json.dumps(piece)) <= KEYS_CHARACTERS_MAX + 2 for piece in inputs)


@pytest.mark.parametrize(
    "error", [Exception({"status": 500}), KeyError("x"), OSError("refused"), TimeoutError()]
)
async def test_whatever_the_sdk_raises_is_unknown(error: Exception) -> None:
    hub = hub_of(Client(fails=error))
    for call in (hub.create("7", ["a"], [], 0), hub.order("7"), hub.hand_over(["7"])):
        with pytest.raises(HubUnknown):
            await call


async def test_call_that_hangs_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(durable, "CALL_SECONDS_MAX", 0.01)
    client = Client()
    client.hangs = True
    with pytest.raises(HubUnknown):
        await hub_of(client).order("7")


async def test_session_closed_by_the_sdk_is_unknown_not_cancelled() -> None:
    with pytest.raises(HubUnknown):
        await hub_of(Client(fails=asyncio.CancelledError())).order("7")


async def test_caller_who_is_cancelled_is_cancelled() -> None:
    client = Client()
    client.hangs = True
    task = asyncio.create_task(hub_of(client).order("7"))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
