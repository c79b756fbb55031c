from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Protocol

import pytest

from localhost.taskhub import HubOptions
from localhost.taskhub.clock import Clock
from localhost.taskhub.faults import Faults
from tests.localhost.taskhub.apps import App
from tests.localhost.taskhub.host import Host


class Open(Protocol):
    """Opens the hub of the test, as often as it likes."""

    def __call__(
        self, *, faults: Faults | None = None, clock: Clock | None = None, **options: Any
    ) -> Awaitable[Host]: ...


@pytest.fixture
def app() -> Iterator[App]:
    app = App()
    yield app
    app.close()


@pytest.fixture
async def open_hub(tmp_path: Path, app: App) -> AsyncIterator[Open]:
    async with AsyncExitStack() as hosts:

        async def open_(
            *, faults: Faults | None = None, clock: Clock | None = None, **options: Any
        ) -> Host:
            host = Host(tmp_path / "hub.db", app, HubOptions(**options), faults, clock)
            await host.start()
            hosts.push_async_callback(host.stop)
            return host

        yield open_


@pytest.fixture
async def host(open_hub: Open) -> Host:
    return await open_hub()


@pytest.fixture
def counter(app: App) -> Callable[[Any], None]:  # noqa: C901 - one case per way to behave
    """The entity that most tests use: a number, and operations that go wrong in every way."""

    @app.entity
    def counter(context: Any) -> None:
        value = context.get_state(lambda: 0)
        match context.operation_name:
            case "add":
                context.set_state(value + context.get_input())
                context.set_result(value + context.get_input())
            case "get":
                context.set_result(value)
            case "silent":
                pass
            case "input":
                context.set_state(context._input)
            case "set_and_raise":
                context.set_state(value + 1000)
                raise ValueError("after the change")
            case "unserialisable":
                context.set_result(object())
            case "destruct":
                context.destruct_on_exit()

    return counter


@pytest.fixture
def echo_and_waits(app: App) -> None:
    @app.orchestrator
    def echo(context: Any) -> Any:
        return context.get_input()

    @app.orchestrator
    def waits(context: Any) -> Any:
        got = yield context.wait_for_external_event("go")
        return [context.get_input(), got]
