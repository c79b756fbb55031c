"""What became of a request, as an answer of its own or as the result of an item of a batch."""

from typing import Any, Final

import azure.functions as func

from domain.invalid import Invalid
from domain.request import Request
from domain.wire import Wire
from intake.accept import Accepted, NotStored, Outcome, Refused, Replayed
from store.ports.records import ERASED, Entry
from triggers.http import kinds, problems
from triggers.http.answers import Answers
from triggers.http.problems import Problem

REPLAYED: Final = {"Idempotency-Replayed": "true"}


class Outcomes:
    """Of one domain."""

    def __init__(self, answers: Answers) -> None:
        """Speak through `answers`."""
        self._answers = answers
        self._domain = answers.domain
        self._wire: Wire = answers.wire

    def entry(self, key: str, entry: Entry, headers: dict[str, str]) -> func.HttpResponse:
        """201, or raise the problem that the entry is: the same each time."""
        if entry.refused or entry.output == ERASED:
            raise self.problem(key, entry)
        return self._answers.created(key, entry, headers)

    def problem(self, key: str, entry: Entry) -> Problem:
        """Make the problem of an entry that is a refusal, or was erased."""
        if entry.output == ERASED:
            return problems.erased()
        code, detail = self._wire.refusal(entry)
        name = {self._domain.key.name: self._wire.key_value(key), self._domain.place: entry.place}
        return Problem(kinds.refused(self._domain, code), detail, members=name)

    def result(self, request: Request, outcome: Outcome) -> dict[str, Any]:
        """Say in JSON what the intake has made of an item of a batch."""
        if isinstance(outcome, Accepted):
            return self._answers.accepted(request.key, request.id)
        name = self._answers.named(request.key, request.id)
        if isinstance(outcome, Replayed) and not outcome.entry.refused:
            created = self._wire.answer(request.key, outcome.entry)
            return {"status": "created", **name, self._domain.name: created}
        status, problem = self._refusal(request, outcome)
        return {"status": status, **name, "reason": problem.kind.name, "detail": problem.detail}

    def _refusal(
        self, request: Request, outcome: Replayed | Refused | NotStored
    ) -> tuple[str, Problem]:
        if isinstance(outcome, NotStored):
            return "not-accepted", problems.not_stored(outcome)
        if isinstance(outcome, Refused):
            return "refused", problems.reused(self._domain, outcome.reason)
        return "refused", self.problem(request.key, outcome.entry)


def invalid(item: Invalid) -> dict[str, Any]:
    """Say in JSON what is wrong with an item of a batch."""
    return {"status": "invalid", "errors": problems.errors_json(item.errors)}
