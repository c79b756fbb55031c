"""The domain function for the engine: JSON texts in, JSON texts out, or a reason why not.

The engine may fold as often as it likes, in any process: so the function is run twice, on values
read anew, and whatever is not the same, or was changed in place, is a failure here. So is whatever
takes too long: the function runs where the event loop runs, and nothing else does meanwhile.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgspec

from domain.invalid import Findings
from domain.names import RESERVED_CODES
from domain.refused import Refused
from domain.shapes.port import NOTHING, Misfit, Shape
from domain.shapes.records import Record
from domain.shapes.scalars import Text
from domain.sizes import JSON_CHARACTERS_MAX, PLACE_MAX
from domain.strict_json import canonical
from domain.time_limit import TookTooLong, within
from domain.versions import Version

if TYPE_CHECKING:
    from domain.domain import AnyDomain

REASON_CHARACTERS_MAX: Final = 500

SECONDS_MAX: Final = 2.0
"""For one fold, which runs the function twice. A state of 11 KB takes 3 ms; whoever is in its way
waits for as long, and once more while it is made sure that the failure was not of a stale state."""

CODE: Final = Text(1, 50, "^[a-z][a-z0-9]*(-[a-z0-9]+)*$")
"""Of a refusal: the last part of a problem type."""

DETAIL: Final = Text(1, 500)


@dataclass(frozen=True, slots=True)
class Folded:
    """What the domain function has made of a request."""

    output: str
    """Canonical JSON, an object: the output, or a refusal `{"code", "detail"}`."""
    refused: bool
    state: str
    """Canonical JSON of the state that follows."""
    version: int
    """Of the function."""


class FoldFailed(Exception):
    """The domain function cannot do it: this request is a dead letter. The next one may go on."""

    def __init__(self, reason: str) -> None:
        """Say why in one line, which is kept and shown to operators: so nothing that a store cannot
        keep, or a terminal obeys, stays in it.
        """
        words = " ".join(reason[: 2 * REASON_CHARACTERS_MAX].split())
        shown = (each if each.isprintable() else repr(each)[1:-1] for each in words)
        self.reason = "".join(shown)[:REASON_CHARACTERS_MAX]
        super().__init__(self.reason)


class Unreadable(Exception):
    """The payload or the state was written by a release that knows more than this one.

    Nothing was folded, and no request is at fault: wait until that release is deployed again.
    """


class Decider:
    """Folds with the functions of one domain."""

    def __init__(self, domain: "AnyDomain") -> None:
        """Take `domain`, which was checked when it was made."""
        self._domain = domain
        self.name: str = domain.name
        self.version: int = domain.newest.number
        self._empty = {each.number: _empty(domain, each) for each in domain.compiled.values()}

    def fold(self, payload: str, place: int, state: str | None) -> Folded:
        """Fold with the newest version. `state` is None when there is none yet.

        Raises FoldFailed and Unreadable.
        """
        return self.fold_with(self.version, payload, place, state)

    def fold_with(self, version: int, payload: str, place: int, state: str | None) -> Folded:
        """Fold as a row of the log says it was. Raises FoldFailed and Unreadable."""
        known = self._domain.compiled.get(version)
        if known is None:
            raise Unreadable(f"version {version} of {self.name} is not in this release")
        if not 1 <= place <= PLACE_MAX:
            raise FoldFailed(f"there is no place after {PLACE_MAX}")
        before = self._empty[version] if state is None else state
        try:
            return within(SECONDS_MAX, lambda: self._folded(known, payload, place, before))
        except TookTooLong:
            raise FoldFailed(f"the function took more than {SECONDS_MAX:g} seconds") from None
        except (FoldFailed, Unreadable):
            raise
        except Exception as error:  # values of the function may raise when they are looked at
            raise FoldFailed(f"the function made what cannot be kept: {_said(error)}") from error

    def _folded(self, known: Version, payload: str, place: int, before: str) -> Folded:
        output, after = _run(known, payload, before)
        refused = isinstance(output, Refused)
        text = _refusal(output, known) if refused else _kept(known.output, output, "the output")
        following = _kept(known.state, after, "the state")
        if _run(known, payload, before) != (output, after):
            raise FoldFailed("the function made two different outputs of the same")
        if not refused:
            self._check_place(text, place)
        return Folded(text, refused, following, known.number)

    def empty(self) -> str:
        """Return the state of a key that nobody has used, as canonical JSON."""
        return self._empty[self.version]

    def same(self, payload: str, other: str) -> bool:
        """Whether a payload that was kept and one of this release ask for the same.

        Raises Unreadable when they differ and the first is of a release that knows more: what that
        has filled in, this one cannot tell from what was asked.
        """
        if payload == other or self._rewritten(payload) == self._rewritten(other):
            return True
        shapes = [each.request for each in self._domain.compiled.values()]
        if not any(_is_readable(each, payload) for each in shapes):
            raise Unreadable("the payload is none that this release knows")
        return False

    def _rewritten(self, payload: str) -> str:
        shape = self._domain.newest.request
        try:
            request = _read(shape, payload, "the payload")
        except Unreadable:
            return _as_it_is(payload)
        return _written(shape, request, "the payload")

    def _check_place(self, output: str, place: int) -> None:
        member = self._domain.place
        told = msgspec.json.decode(output).get(member, place)
        if told != place:
            raise FoldFailed(f"the function put {told} into {member}; its place is {place}")


def _empty(domain: "AnyDomain", version: Version) -> str:
    """Write the empty state of a version: of an older one with a type of its own, its defaults."""
    shape = version.state
    if version.state_type == domain.newest.state_type:
        return _written(shape, domain.empty, "the empty state")
    assert isinstance(shape, Record), "checked by check_versions"
    return _written(shape, shape.type(), "the empty state")


def _run(version: Version, payload: str, state: str) -> tuple[Any, Any]:
    """Decide on values of its own; see that the function leaves them alone."""
    request = _read(version.request, payload, "the payload")
    before = _read(version.state, state, "the state")
    decided = _decided(version, request, before)
    if version.may_change_request:
        _check_kept(version.request, request, payload)
    if version.may_change_state:
        _check_kept(version.state, before, state)
    return decided


def _check_kept(shape: Shape, value: Any, text: str) -> None:
    """See that a value still is what was read from `text`, which another release may have written."""
    now = _written(shape, value, "#")
    if now != text and now != _written(shape, _read(shape, text, "#"), "#"):
        raise FoldFailed("the function has changed its request or its state in place")


def _decided(version: Version, request: Any, before: Any) -> tuple[Any, Any]:
    try:
        returned = version.decide(request, before)
    except (KeyboardInterrupt, TookTooLong):
        raise
    except BaseException as error:  # whatever it raises, SystemExit too, it has not decided
        raise FoldFailed(f"the function raised {_said(error)}") from error
    if type(returned) is not tuple or len(returned) != 2:  # noqa: PLR2004 - output and state
        raise FoldFailed(f"the function returned no pair but {type(returned).__name__}")
    return returned


def _said(error: BaseException) -> str:
    try:
        return f"{type(error).__name__}: {error}"
    except Exception:  # noqa: BLE001 - of an exception that cannot say what it is
        return type(error).__name__


def _refusal(refused: Refused, version: Version) -> str:
    if not version.may_refuse:
        raise FoldFailed("the function refused, and its annotation does not say that it may")
    wrong = CODE.wrong(refused.code) or DETAIL.wrong(refused.detail)
    if wrong is not None:
        raise FoldFailed(f"code or detail of the refusal {wrong}")
    if refused.code in RESERVED_CODES:
        raise FoldFailed(f"the code {refused.code} is one of the service's own")
    return canonical({"code": refused.code, "detail": refused.detail})


def _kept(shape: Shape, value: Any, name: str) -> str:
    """Write what will be stored, and see that it can be read again."""
    text = _written(shape, value, name)
    if len(text) > JSON_CHARACTERS_MAX:
        raise FoldFailed(f"{name} has {len(text)} characters; {JSON_CHARACTERS_MAX} are allowed")
    try:
        again = _read(shape, text, name)
    except Unreadable as error:
        raise FoldFailed(f"{name} cannot be read again: {error}") from None
    if again != value:
        raise FoldFailed(f"{name} is not the same after it was written and read")
    return text


def _written(shape: Shape, value: Any, name: str) -> str:
    try:
        return canonical(shape.write(value, name))
    except Misfit as error:
        raise FoldFailed(str(error)) from None
    except RecursionError:
        raise FoldFailed(f"{name} is nested too deeply") from None


def _as_it_is(payload: str) -> str:
    """Write what this release does not read in the one way in which JSON is written here."""
    try:
        return canonical(msgspec.json.decode(payload))
    except msgspec.DecodeError:
        return payload


def _is_readable(shape: Shape, text: str) -> bool:
    try:
        _read(shape, text, "the payload")
    except Unreadable:
        return False
    return True


def _read(shape: Shape, text: str, name: str) -> Any:
    findings = Findings(most=1)
    try:
        content = msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise Unreadable(f"{name}: {error}") from error
    value = shape.read(content, "#", findings)
    if findings.errors:
        found = findings.errors[0]
        raise Unreadable(f"{name}: {found.pointer} {found.detail}")
    assert value is not NOTHING
    return value
