"""What is checked of any domain without being asked, when it is declared."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from domain.decider import Decider, FoldFailed, Unreadable
from domain.declaration import WrongDomain
from domain.invalid import Findings
from domain.key import Key
from domain.refused import Refused
from domain.shapes.port import Misfit
from domain.shapes.records import Record
from domain.shapes.scalars import Integer
from domain.sizes import JSON_CHARACTERS_MAX, PLACE_MAX
from domain.strict_json import canonical

if TYPE_CHECKING:
    from domain.domain import AnyDomain
    from domain.versions import Version


def check_kinds(domain: "AnyDomain") -> None:
    """See that the parts of a declaration are what the others need to look at them."""
    kinds = {
        "key": (domain.key, Key, "a Key"),
        "versions": (domain.versions, Mapping, "a dict, {1: function}"),
        "examples": (domain.examples, tuple, "a list of pairs (request, output)"),
    }
    for name, (value, kind, words) in kinds.items():
        if not isinstance(value, kind):
            raise WrongDomain(f"{name} must be {words}; it is {type(value).__name__}")
    for number, pair in enumerate(domain.examples, start=1):
        if type(pair) is not tuple or len(pair) != 2:  # noqa: PLR2004 - request and output
            raise WrongDomain(f"example {number} must be a pair (request, output)")
    numbers = list(domain.versions)
    if not numbers or not all(type(each) is int and 0 < each <= PLACE_MAX for each in numbers):
        raise WrongDomain(f"versions must have at least one function, numbered 1 to {PLACE_MAX}")


def check_versions(domain: "AnyDomain") -> None:
    """See that `empty` is a state, and that each version reads the states of the ones before."""
    _check_empty(domain)
    for version in domain.compiled.values():
        _check_place(domain, version)
        _check_state(domain, version)


def _check_empty(domain: "AnyDomain") -> None:
    try:
        text = canonical(domain.newest.state.write(domain.empty, "empty"))
    except Misfit as error:
        raise WrongDomain(str(error)) from None
    if len(text) > JSON_CHARACTERS_MAX:
        raise WrongDomain(f"empty has {len(text)} characters; {JSON_CHARACTERS_MAX} are allowed")


def _check_place(domain: "AnyDomain", version: "Version") -> None:
    for member in version.output.members:
        if member.name == domain.place and not isinstance(member.shape, Integer):
            raise WrongDomain(
                f"{version.output.type.__name__}.{member.field} is the place and must be int;"
                " or name the place otherwise: place=…"
            )


def _check_state(domain: "AnyDomain", version: "Version") -> None:
    """An older version starts from the defaults of its own state; the newest reads those."""
    shape = version.state
    if version.state_type == domain.newest.state_type:
        return
    where = f"the state of version {version.number}"
    try:
        assert isinstance(shape, Record)
        first = shape.write(shape.type(), where)
    except (AssertionError, TypeError, Misfit):
        raise WrongDomain(
            f"{where} is not the newest one's and needs defaults for all fields"
        ) from None
    findings = Findings(most=1)
    domain.newest.state.read(first, "#", findings)
    if findings.errors:
        found = findings.errors[0]
        raise WrongDomain(f"{where} cannot be read by the newest: {found.pointer} {found.detail}")


def check_examples(domain: "AnyDomain") -> None:
    """Fold the examples as a story from `empty`, and compare."""
    if not domain.examples:
        raise WrongDomain("examples must have at least one: tests and documents draw on them")
    decider, state = Decider(domain), None
    for number, (request, expected) in enumerate(domain.examples, start=1):
        where = f"example {number}"
        try:
            payload = written_payload(domain, request)
            folded = decider.fold(payload, number, state)
            made = written_output(domain, expected)
        except (FoldFailed, Unreadable, Misfit) as error:
            raise WrongDomain(f"{where}: {error}") from None
        if folded.output != made:
            raise WrongDomain(f"{where} expects {expected}; the function made {folded.output}")
        state = folded.state


def written_payload(domain: "AnyDomain", request: Any) -> str:
    """Write a request of the domain's own as its payload. Raises Misfit when it is not valid."""
    shape = domain.newest.request
    text = canonical(shape.write(request, "the request"))
    findings = Findings(most=1)
    again = shape.read(shape.write(request, "#"), "#", findings)
    if findings.errors or again != request:
        raise Misfit(f"{request} is not a request that a client could send")
    return text


def written_output(domain: "AnyDomain", output: Any) -> str:
    """Write an output of the domain's own, or a refusal. Raises Misfit."""
    if isinstance(output, Refused):
        return canonical({"code": output.code, "detail": output.detail})
    return canonical(domain.newest.output.write(output, "the output"))
