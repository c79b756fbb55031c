"""Orchestrations over HTTP: start, status, list, events, terminate, suspend, rewind, purge."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Final

from aiohttp import web

from localhost.newtonsoft import JsonError
from localhost.taskhub.events import Event
from localhost.taskhub.instances import events_of, find_rows
from localhost.taskhub.links import check_status, hub_query
from localhost.taskhub.management import (
    Conflict,
    Invalid,
    Management,
    NotFound,
    StorageRefused,
    WrongState,
)
from localhost.taskhub.paging import page, wanted
from localhost.taskhub.resources import Resources
from localhost.taskhub.rpc import (
    WENT_WRONG,
    Call,
    Handler,
    Route,
    answer,
    as_sent,
    compact,
    failure,
    invalid_json,
    message,
)
from localhost.taskhub.runtime import FINISHED, InstanceRow, find_parent
from localhost.taskhub.status import history_of_entity, shown_instance

WAIT_SECONDS_MAX: Final = 230
"""The longest a start with `?timeout=` waits: the limit of Azure's load balancer."""


class InstanceApi:
    """Handlers for `orchestrators/...` and `instances/...`."""

    def __init__(
        self, resources: Resources, management: Management, code: Callable[[], str]
    ) -> None:
        """Read committed rows, and let `management` do the rest; `code` is the key in links."""
        self._code = code
        self._reader = resources.file.reader
        self._options = resources.options
        self._management = management

    def routes(self) -> dict[Route, Handler]:
        """Return what it answers."""
        return {
            ("POST", "orchestrators", 2, ""): self.start,
            ("POST", "orchestrators", 3, ""): self.start,
            ("GET", "instances", 1, ""): self.list_all,
            ("GET", "instances", 2, ""): self.status,
            ("DELETE", "instances", 1, ""): self.purge_many,
            ("DELETE", "instances", 2, ""): self.purge,
            ("POST", "instances", 4, "raiseevent"): self.raise_event,
            ("POST", "instances", 3, "terminate"): self._with_reason(self._management.terminate),
            ("POST", "instances", 3, "suspend"): self._with_reason(self._management.suspend),
            ("POST", "instances", 3, "resume"): self._with_reason(self._management.resume),
            ("POST", "instances", 3, "rewind"): self.rewind,
            ("POST", "instances", 3, "restart"): self.restart,
        }

    async def start(self, call: Call) -> web.Response:
        """Start an orchestration; with `?timeout=seconds` wait for its end that long."""
        body = await call.text()
        if body is not None and body.strip():
            body = as_sent(body)
        if body is None and call.has_json:
            body = ""
        instance = call.parts[2] if call.parts[2:] else None
        version = call.query.get("version")
        try:
            instance = await self._management.start(call.parts[1], instance, body, version)
        except StorageRefused as error:
            kind = "DurableTask.AzureStorage.Storage.DurableTaskStorageException"
            return failure(500, WENT_WRONG, str(error), kind)
        if "timeout" in call.query:
            return await self._wait(call, instance)
        return self._check_status(call, instance)

    async def _wait(self, call: Call, instance: str) -> web.Response:
        timeout = min(_seconds(call, "timeout", 10), WAIT_SECONDS_MAX)
        interval = max(_seconds(call, "pollinginterval", 1), 0.01)
        try:
            async with asyncio.timeout(timeout):
                while not self._management.find(instance).finished:  # noqa: ASYNC110 - as asked
                    await asyncio.sleep(interval)
        except TimeoutError:
            return self._check_status(call, instance)
        row = self._management.find(instance)
        if row.status == "Completed":
            return answer(200, row.output or "null")
        return await self._status(call, row)

    def _check_status(self, call: Call, instance: str) -> web.Response:
        links = check_status(call.base, instance, self._query(call))
        headers = {"Location": links["statusQueryGetUri"], "Retry-After": "10"}
        return answer(202, json.dumps(links), **headers)

    def _query(self, call: Call) -> str:
        return hub_query(self._options.hub_name, call.query.get("code") or self._code())

    async def status(self, call: Call) -> web.Response:
        """Answer the committed status: 200 when finished, else 202."""
        return await self._status(call, self._management.find(call.parts[1]))

    async def _status(self, call: Call, row: InstanceRow) -> web.Response:
        with_history = call.flag("showhistory", default=False)
        body = shown_instance(
            row,
            show_input=call.flag("showinput", default=True),
            parent=find_parent(self._reader, row),
            history=self._history(row) if with_history else None,
            show_output=call.flag("showhistoryoutput", default=False),
        )
        if not row.finished:
            return answer(202, body, **{"Location": call.url, "Retry-After": "5"})
        asked = call.flag("returninternalservererroronfailure", default=False)
        return answer(500 if asked and row.status == "Failed" else 200, body)

    def _history(self, row: InstanceRow) -> Sequence[Event]:
        return history_of_entity(row) if row.is_entity else events_of(self._reader, row)

    async def list_all(self, call: Call) -> web.Response:
        """List instances, entities among them."""
        asked = wanted(call)
        rows = find_rows(self._reader, asked)
        show_input = call.flag("showinput", default=True)
        shown = [
            shown_instance(row, show_input=show_input, parent=find_parent(self._reader, row))
            for row in rows
        ]
        return page(shown, rows, asked)

    async def raise_event(self, call: Call) -> web.Response:
        """Send an external event; its body is JSON."""
        instance, name = call.parts[1], call.parts[3]
        row = self._management.unfinished(instance)
        if not call.has_json:
            return message(400, "Only application/json request content is supported")
        try:
            body = compact(await call.text() or "")
        except JsonError as error:
            return invalid_json(error)
        if not row.is_entity:
            await self._management.raise_event(instance, name, body)
        return answer(202)

    def _with_reason(self, act: Callable[[str, str | None], Awaitable[None]]) -> Handler:
        async def handler(call: Call) -> web.Response:
            await act(call.parts[1], call.query.get("reason"))
            return answer(202)

        return handler

    async def rewind(self, call: Call) -> web.Response:
        """Run a failed orchestration on from before its failure."""
        instance = call.parts[1]
        try:
            await self._management.rewind(instance, call.query.get("reason", ""))
        except NotFound:
            said = f'No orchestration with instance ID "${instance}" found.'
            return answer(404, json.dumps(said))
        except WrongState as error:
            said = (
                f"This orchestration has status {error}, but only orchestrations in the "
                '"Failed" state can be rewound.'
            )
            return answer(412, json.dumps(said))
        return answer(202)

    async def restart(self, call: Call) -> web.Response:
        """Start an instance again with its input, by default under a new id."""
        instance = call.parts[1]
        new_id = call.flag("restartwithnewinstanceid", default=True)
        try:
            started = await self._management.restart(instance, new_id=new_id)
        except NotFound:
            return failure(
                400,
                "InstanceId does not match a valid orchestration instance.",
                f"No instance with ID '{instance}' was found. (Parameter 'instanceId')",
                "System.ArgumentException",
            )
        except Conflict as error:
            return failure(
                409,
                "A non-terminal instance with this instance ID already exists.",
                str(error),
                "DurableTask.Core.Exceptions.OrchestrationAlreadyExistsException",
            )
        return self._check_status(call, started)

    async def purge(self, call: Call) -> web.Response:
        """Delete one instance that has finished, or an entity."""
        try:
            await self._management.purge(call.parts[1])
        except WrongState:
            return answer(412, json.dumps("The instance has not finished."))
        return answer(200, '{"instancesDeleted":1}')

    async def purge_many(self, call: Call) -> web.Response:
        """Delete what matches: finished instances only when only their statuses are named."""
        asked = wanted(call)
        if asked.created_from is None:
            said = "Please provide value for 'createdTimeFrom' parameter."
            return answer(400, json.dumps(said))
        asked = replace(asked, statuses=asked.statuses & FINISHED)
        deleted = await self._management.purge_many(asked)
        if deleted == 0:
            return answer(404)
        return answer(200, json.dumps({"instancesDeleted": deleted}))


def _seconds(call: Call, name: str, default: float) -> float:
    try:
        return float(call.query.get(name, default))
    except ValueError as error:
        text = f"{name} is not a number of seconds"
        raise Invalid(text) from error
