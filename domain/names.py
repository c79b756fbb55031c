"""Which names a domain may have, so that addresses, tables, entities and members never meet."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Final

from domain.declaration import WrongDomain

if TYPE_CHECKING:
    from domain.domain import AnyDomain

NAME: Final = re.compile(r"[a-z][a-z0-9]{1,39}")

SEGMENT: Final = re.compile(r"[a-z][a-z0-9]{2,39}")
"""Of an address, and the beginning of a table's name, which tells no case apart."""

ENTITY: Final = re.compile(r"[A-Z][A-Za-z0-9]{0,39}")

MEMBER: Final = re.compile(r"[a-z][A-Za-z0-9]{0,39}")

OURS: Final = frozenset(
    {"requests", "pending", "stories", "batch", "health", "page", "next", "results"}
)
"""Segments and members that every domain has."""

RESERVED_SEGMENTS: Final = frozenset({"health", "openapi", "admin", "runtime"})

BESIDE_THE_KEY: Final = frozenset(
    {
        *("status", "last", "pending", "errors", "reason", "detail"),
        *("payload", "entry", "steps", "more", "acceptedAt", "ordered"),
    }
)
"""Members of answers that stand beside the key and the request id."""

BESIDE_THE_NAME: Final = frozenset({"status", "errors", "reason", "detail"})
"""Members of the results of a batch that stand beside the entry, which is called like the domain."""

RESERVED_CODES: Final = frozenset(
    {
        *("invalid-request", "not-found", "erased", "body-too-large", "not-json", "overloaded"),
        *("idempotency-key-reused", "fold-failed", "internal-error"),
        *("not-accepted", "store-unavailable", "store-unusable", "unhealthy"),
    }
)
"""Problems of the service's own, so no refusal of a domain can be called like one."""

REFUSED: Final = "refused"
"""The member of an entry in a page that says that it is a refusal."""

ERASED: Final = "erased"
"""The member of an entry in a page that says that its content was erased."""

SCHEMAS: Final = frozenset({"errors", "place", "problem", "refusal", "step"})
"""Of the OpenAPI document, beside those of the domains."""

FUNCTIONS: Final = frozenset({"get_health", "get_openapi", "get_page", "get_page_file"})
"""Of the app, beside those of the domains."""

TABLES: Final = ("inbox", "deadletters", "publications")
"""What names of tables end in, after the plural of the domain."""


def check_names(domain: "AnyDomain") -> None:
    """Raise WrongDomain when a name cannot be used, or two that meet are the same."""
    for name, value, form in _forms(domain):
        if type(value) is not str or not form.fullmatch(value):
            raise WrongDomain(f"{name} must have the form {form.pattern}; it is {value!r}")
    _check_segments(domain)
    _check_members(domain)
    names = astuple(function_names(domain))
    if len(set(names)) != len(names):
        raise WrongDomain(f"name and key must not both be {domain.name!r}")
    if taken := FUNCTIONS.intersection(names):
        raise WrongDomain(f"a function of the app is called {min(taken)!r}: name it otherwise")
    if domain.fold_failure not in {422, 500}:
        raise WrongDomain(f"fold_failure must be 422 or 500; it is {domain.fold_failure!r}")


def _forms(domain: "AnyDomain") -> Iterator[tuple[str, str, re.Pattern[str]]]:
    yield "name", domain.name, NAME
    yield "plural", domain.plural, SEGMENT
    yield "the plural of the key", domain.key.plural, SEGMENT
    yield "entity", domain.entity, ENTITY
    yield "the key", domain.key.name, MEMBER
    yield "place", domain.place, MEMBER
    yield "request_id", domain.request_id, MEMBER


def _check_segments(domain: "AnyDomain") -> None:
    if domain.name == domain.plural or domain.name in OURS | SCHEMAS:
        raise WrongDomain(f"name must differ from plural and from {sorted(OURS | SCHEMAS)}")
    if domain.plural in OURS:
        raise WrongDomain(f"plural must not be {domain.plural!r}, which every domain has")
    if domain.key.plural in {domain.plural, *RESERVED_SEGMENTS, *OURS}:
        raise WrongDomain(f"the plural of the key must not be {domain.key.plural!r}")


def _check_members(domain: "AnyDomain") -> None:
    ours = {"the key": domain.key.name, "request_id": domain.request_id}
    for name, member in ours.items():
        if member in BESIDE_THE_KEY or member in domain.newest.request.names:
            where = "a field of the request" if member not in BESIDE_THE_KEY else "a member of ours"
            raise WrongDomain(f"{name} must not be {member!r}, which is {where}")
    if len({domain.key.name, domain.request_id, domain.place}) != len(ours) + 1:
        raise WrongDomain("the key, request_id and place must have different names")
    if domain.name in BESIDE_THE_NAME | set(ours.values()):
        raise WrongDomain(f"name must not be {domain.name!r}, which stands beside it in answers")
    for version in domain.compiled.values():
        kept = version.output.names
        if domain.key.name in kept:
            raise WrongDomain(
                f"the output must not have a field {domain.key.name!r}: the engine adds the key"
            )
        shown = kept | {domain.key.name, domain.place}
        if ERASED in shown or (version.may_refuse and REFUSED in shown):
            word = ERASED if ERASED in shown else REFUSED
            raise WrongDomain(
                f"an entry must not have a member {word!r}: it says that it is {word}"
            )


def check_together(domains: Iterable["AnyDomain"]) -> None:
    """Raise WrongDomain when two domains of one app have a name in common."""
    for one, other in combinations(domains, 2):
        for name, first, second in _shared(one, other):
            if first & second:
                common = min(first & second)
                raise WrongDomain(f"{one.name} and {other.name} have {name} {common!r} in common")


def _shared(one: "AnyDomain", other: "AnyDomain") -> Iterator[tuple[str, set[str], set[str]]]:
    functions = [set(astuple(function_names(each))) for each in (one, other)]
    yield "the name of a function", functions[0], functions[1]
    yield "the segment", {one.plural, one.key.plural}, {other.plural, other.key.plural}
    tables = [{f"{e.plural}{end}" for end in ("", *TABLES)} for e in (one, other)]
    yield "the table", tables[0], tables[1]
    yield "the entity", {one.entity.lower()}, {other.entity.lower()}
    yield "the name", {one.name}, {other.name}


@dataclass(frozen=True, slots=True)
class FunctionNames:
    """What the functions of the app are called that answer for a domain over HTTP."""

    post: str
    post_batch: str
    put: str
    get_request: str
    get_pending: str
    get_story: str
    get_key: str
    get_log: str
    get_entry: str


def function_names(domain: "AnyDomain") -> FunctionNames:
    """Name them after the domain: `post_invoice`, `get_customer`."""
    one, many, key = domain.name, domain.plural, words(domain.key.singular).replace(" ", "_")
    return FunctionNames(
        post=f"post_{one}",
        post_batch=f"post_{many}",
        put=f"put_{one}_request",
        get_request=f"get_{one}_request",
        get_pending=f"get_{one}_pending",
        get_story=f"get_{one}_story",
        get_key=f"get_{key}",
        get_log=f"get_{many}",
        get_entry=f"get_{one}",
    )


_HUMP: Final = re.compile(r"(?<=[a-z0-9])([A-Z])")


def words(name: str) -> str:
    """Say a name in lower-case words: `dueOn` and `due_on` are `due on`."""
    return _HUMP.sub(r" \1", name).replace("_", " ").lower()


def listed(names: Iterable[str], last: str) -> str:
    """Say several: `year, cents or currency`."""
    *first, final = names
    return f"{', '.join(first)} {last} {final}" if first else final
