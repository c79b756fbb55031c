"""Dead letters and what became of them, for people and for programs."""

import base64
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from store.ports.deadletters import DeadLetter, Summary
from tools.deadletters.desk import Outcome, Result
from tools.terminal import one_line

BODY_CHARACTERS_MAX: Final = 4_000
"""Shown of a body; `--raw` has all of it."""


class Printer:
    """Writes to standard output: lines, or one JSON document in the end."""

    def __init__(self, *, as_json: bool) -> None:
        """With `as_json`, everything becomes one array, or one object for a single letter."""
        self._as_json = as_json
        self._items: list[dict[str, Any]] = []
        self._count = 0
        self._results: list[Result] = []

    def _sentence(self) -> str:
        if self._results:
            done = sum(each.is_done for each in self._results)
            return f"{done} of {len(self._results)} dead letters are out of the way."
        return f"There are {self._count} dead letters."

    def summaries(self, summaries: Sequence[Summary]) -> None:
        """A line per letter."""
        self._count += len(summaries)
        if self._as_json:
            self._items += [summary_json(each) for each in summaries]
            return
        for each in summaries:
            text = f"{each.name}  {_time(each.stored_at)}  {each.code}: {each.reason}"
            print(one_line(text))

    def letter(self, letter: DeadLetter) -> None:
        """One letter with all that is in it."""
        if self._as_json:
            print(json.dumps(letter_json(letter)))
            return
        for name, value in summary_json(letter.summary).items():
            print(f"{name:15} {one_line('' if value is None else str(value))}")
        print(f"{'messageId':15} {one_line(letter.message_id or '')}")
        for name, value in letter.properties.items():
            print(f"{'property':15} {json.dumps(name)} = {json.dumps(value)}")
        print()
        print(_body_text(letter))

    def result(self, result: Result) -> None:
        """A line per result."""
        self._results.append(result)
        if self._as_json:
            self._items.append(result_json(result))
        else:
            print(one_line(f"{result.name}  {_result_text(result)}"))

    def end(self) -> None:
        """Write what is left to be written."""
        if self._as_json:
            print(json.dumps(self._items))
        else:
            print(self._sentence())


def summary_json(summary: Summary) -> dict[str, Any]:
    """The fields of a summary, null for what is not there."""
    return {
        "name": str(summary.name),
        "enqueuedAt": None if summary.enqueued_at is None else _time(summary.enqueued_at),
        "storedAt": _time(summary.stored_at),
        "requestId": summary.request_id,
        "code": summary.code,
        "reason": summary.reason,
        "bodyBytes": summary.body_bytes,
    }


def letter_json(letter: DeadLetter) -> dict[str, Any]:
    """All there is."""
    return {
        **summary_json(letter.summary),
        "messageId": letter.message_id,
        "properties": dict(letter.properties),
        "bodyBase64": base64.b64encode(letter.body).decode(),
    }


def result_json(result: Result) -> dict[str, Any]:
    """What became of a letter, without what does not apply."""
    fields = {
        "name": str(result.name),
        "outcome": result.outcome.value,
        "key": result.key,
        "requestId": result.request_id,
        "place": result.place,
        "code": result.code,
        "reason": result.reason,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _result_text(result: Result) -> str:
    request = f"request {result.request_id} of {result.key}"
    match result.outcome:
        case Outcome.ACCEPTED:
            return f"accepted: {request}; the app takes it up within seconds"
        case Outcome.CREATED:
            return f"created before: {request} has place {result.place}"
        case Outcome.DEAD:
            return f"still dead, {result.code}: {result.reason}"
        case Outcome.DROPPED:
            return "dropped"
        case Outcome.MISSING:
            return "there is no such dead letter"


def _body_text(letter: DeadLetter) -> str:
    try:
        text = letter.body.decode()
    except UnicodeDecodeError:
        return f"The body is not UTF-8; its first bytes: {letter.body[:64].hex(' ')}"
    shown = "\n".join(one_line(each) for each in text[:BODY_CHARACTERS_MAX].split("\n"))
    return shown if len(text) <= BODY_CHARACTERS_MAX else f"{shown}\n… ({len(text)} characters)"


def _time(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds")
