"""The declaration of a domain: one value, checked when it is made."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from domain.checks import check_examples, check_kinds, check_versions
from domain.key import Key
from domain.names import check_names
from domain.refused import Refused
from domain.versions import Version

R = TypeVar("R")
O = TypeVar("O")  # noqa: E741 - of Request, Output, State
S = TypeVar("S")

__all__ = ["Domain", "Key"]


@dataclass(frozen=True, kw_only=True)
class Domain(Generic[R, O, S]):
    """A pure function with a name. Raises WrongDomain, in one sentence, for what cannot work.

    Everything else follows: routes, texts, tables, entities, metrics, the OpenAPI document.
    """

    name: str
    """`invoice`: lower-case letters and digits."""
    key: Key
    empty: S
    """The state of a key that nobody has used."""
    versions: Mapping[int, Callable[[R, S], tuple[O | Refused, S]]]
    """`(request, state) -> (output, state)`. The greatest number is used; the others are kept as
    they are, because rows of the log name them."""
    examples: Sequence[tuple[R, O | Refused]]
    """A story: requests of one key in their order, and what the newest version makes of them,
    beginning with `empty`. Tests, the OpenAPI document, the page and all generators draw on it."""
    plural: str = ""
    """`invoices`: in addresses, tables and pages. Left out: the name and an s."""
    entity: str = ""
    """`Customer`: the durable entity. Left out: what the key names."""
    place: str = "id"
    """The member of answers that is the place in the log of the key: 1, 2, 3, …. An output that has
    such a field must put the place there."""
    request_id: str = "requestId"
    """The member of batches and of answers 202 that is the request id."""
    fold_failure: int = 500
    """Answered when the function fails on a request: 500, or 422 when its author calls that the
    fault of the request."""
    compiled: Mapping[int, Version] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Fill in what was left out, and check all of it."""
        if isinstance(self.examples, Iterable):
            object.__setattr__(self, "examples", tuple(self.examples))
        check_kinds(self)
        self._fill("plural", f"{self.name}s")
        self._fill("entity", self.key.singular[:1].upper() + self.key.singular[1:])
        compiled = {each: Version.of(each, decide) for each, decide in self.versions.items()}
        object.__setattr__(self, "compiled", compiled)
        check_versions(self)
        check_names(self)
        check_examples(self)

    @property
    def newest(self) -> Version:
        """The version that new requests are folded with."""
        return self.compiled[max(self.compiled)]

    def _fill(self, name: str, value: Any) -> None:
        if not getattr(self, name):
            object.__setattr__(self, name, value)


AnyDomain = Domain[Any, Any, Any]
