"""Intakes that promise what they do not keep."""

import asyncio
from collections.abc import Sequence

from store.port import StoreError
from todos import TodoRequest, is_answer
from triggers.intake import Accepted, Created, Intake, Outcome, Reason, Refused


class ReadsLogFirst(Intake):
    """Reads the request rows before it inserts the inbox rows."""

    async def _attempt(
        self, project_id: int, requests: Sequence[TodoRequest]
    ) -> dict[str, Outcome]:
        logged = await self._store.log.find(project_id, [each.request_id for each in requests])
        new = [each for each in requests if each.request_id not in logged]
        mine = await self._insert(project_id, new) if new else {}
        outcomes: dict[str, Outcome] = {}
        for request in requests:
            todo, row = logged.get(request.request_id), mine.get(request.request_id)
            same = is_answer(todo, request) if todo else row == request
            found = Created(todo) if todo else Accepted()
            outcomes[request.request_id] = found if same else Refused(Reason.OTHER_CONTENT)
        return outcomes


class AnswersFirst(Intake):
    """Answers while the inbox row is still being written."""

    async def _insert(
        self, project_id: int, requests: Sequence[TodoRequest]
    ) -> dict[str, TodoRequest]:
        task = asyncio.ensure_future(super()._insert(project_id, requests))
        task.add_done_callback(lambda done: done.exception())
        await asyncio.sleep(0)
        return {each.request_id: each for each in requests}


class TakesErrorForSuccess(Intake):
    """Takes an insert without an answer for done."""

    async def _insert(
        self, project_id: int, requests: Sequence[TodoRequest]
    ) -> dict[str, TodoRequest]:
        try:
            return await super()._insert(project_id, requests)
        except StoreError:
            return {each.request_id: each for each in requests}


class TakesRowForMine(Intake):
    """Does not compare what is in the inbox row that was there before."""

    async def _insert(
        self, project_id: int, requests: Sequence[TodoRequest]
    ) -> dict[str, TodoRequest]:
        rows = await super()._insert(project_id, requests)
        return {each.request_id: each for each in requests if each.request_id in rows}
