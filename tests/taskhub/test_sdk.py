"""What the calls ask of the Durable SDK that is installed, whichever it is."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from taskhub import sdk
from taskhub.sdk import IS_2, Calls

BEGINNING = datetime(2026, 5, 4, tzinfo=UTC)
END = datetime(2026, 5, 5, tzinfo=UTC)
ENDED = {"completed", "failed", "terminated"}


class Client:
    """Stands for the client of either SDK: notes calls, and answers what a test says."""

    def __init__(self, state: Any = None) -> None:
        self.state = state
        self.asked: list[Any] = []

    async def signal_entity(self, entity: Any, operation: str, message: Any) -> None:
        self.asked.append((str(entity), operation, message))

    async def read_entity_state(self, entity: Any) -> Any:
        self.asked.append(str(entity))
        return SimpleNamespace(entity_exists=self.state is not None, entity_state=self.state)

    async def get_entity(self, entity: Any) -> Any:
        self.asked.append(str(entity))
        return self.state and SimpleNamespace(get_typed_state=lambda: self.state)

    async def start_new(self, name: str, client_input: Any) -> str:
        self.asked.append((name, client_input))
        return "id"

    async def schedule_new_orchestration(self, name: str, *, input: Any) -> str:  # noqa: A002
        return await self.start_new(name, input)

    async def purge_instance_history_by(self, **asked: Any) -> Any:
        self.asked.append(asked)
        return SimpleNamespace(instances_deleted=3)

    async def purge_orchestrations_by(self, **asked: Any) -> Any:
        self.asked.append(asked)
        return SimpleNamespace(deleted_instance_count=3)


def calls_to(client: Client) -> Calls:
    made: Any = sdk._module.ChannelCalls if IS_2 else sdk._module.SessionCalls
    result: Calls = made(client)
    return result


async def test_signal_goes_to_the_entity_in_lower_case() -> None:
    client = Client()
    await calls_to(client).signal("Project", "C-1042", "create", {"v": 1})
    assert client.asked == [("@project@C-1042", "create", {"v": 1})]


@pytest.mark.parametrize("state", [None, {"v": 1}])
async def test_state_is_the_value_and_none_without_an_entity(state: Any) -> None:
    client = Client(state)
    assert await calls_to(client).state("Project", "7") == state
    assert client.asked == ["@project@7"]


async def test_start_passes_the_message_on() -> None:
    client = Client()
    await calls_to(client).start("outbox_todos", ["7"])
    assert client.asked == [("outbox_todos", ["7"])]


async def test_purge_names_what_has_ended_and_nothing_else() -> None:
    client = Client()
    assert await calls_to(client).purge(BEGINNING, END) == 3
    [asked] = client.asked
    assert (asked["created_time_from"], asked["created_time_to"]) == (BEGINNING, END)
    assert {each.name.lower() for each in asked["runtime_status"]} - {"canceled"} == ENDED
