"""Requests and answers as JSON: bytes of a stranger in, checked values out.

What leaves here as a `Request` keeps every promise of its domain; nothing is checked again later.
No I/O and no word about statuses: HTTP and events use the same rules.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final, Protocol

import msgspec

from domain.addresses import check_client_id
from domain.invalid import ERRORS_MAX, FieldError, Findings, below
from domain.invalid import Invalid as Invalid  # noqa: PLC0414 - what a reader of the wire catches
from domain.names import ERASED, REFUSED
from domain.request import Request
from domain.sizes import JSON_CHARACTERS_MAX
from domain.strict_json import canonical, read, read_items

if TYPE_CHECKING:
    from domain.domain import AnyDomain

BATCH_ERRORS_MAX: Final = 1_000
"""Errors told about one batch; beyond them each further bad item has one."""


class Entry(Protocol):
    """A row of a log, as far as it is shown."""

    @property
    def place(self) -> int:
        """Of it."""

    @property
    def output(self) -> str:
        """Canonical JSON."""

    @property
    def refused(self) -> bool:
        """Whether `output` is a refusal."""


class Wire:
    """Reads and writes what one domain says to the outside."""

    def __init__(self, domain: "AnyDomain") -> None:
        """Take `domain`, which was checked when it was made."""
        self._domain = domain
        self._shape = domain.newest.request

    def request(self, body: bytes, request_id: str) -> Request:
        """Read a request with its key; `request_id` was checked. Raises Invalid, all errors in it."""
        value, findings = read(body), Findings()
        key = self._member(self._domain.key.name, self._domain.key.text, value, findings)
        payload = self._payload(value, findings, frozenset({self._domain.key.name}))
        findings.check()
        return Request(key, request_id, payload)

    def payload(self, body: bytes, key: str, request_id: str) -> Request:
        """Read a request where the address names key and id, which were checked. Raises Invalid."""
        value, findings = read(body), Findings()
        payload = self._payload(value, findings, frozenset())
        findings.check()
        return Request(key, request_id, payload)

    def batch(self, body: bytes) -> list[Request | Invalid]:
        """Read 1 to `BATCH_ITEMS_MAX` requests with key and id; a bad item is Invalid in its place.

        Raises Invalid when it is not such an array.
        """
        return list(self.items(body))

    def items(self, body: bytes) -> Iterator[Request | Invalid]:
        """Read a batch item by item, so that a caller may let others have their turn in between.

        Raises Invalid, at any item, when the whole is not such an array.
        """
        room = BATCH_ERRORS_MAX
        for place, value in enumerate(read_items(body)):
            findings = Findings(most=max(1, min(ERRORS_MAX, room)))
            item = self._item(value, f"#/{place}", findings)
            room -= len(findings.errors)
            yield item

    def key(self, text: str) -> str:
        """Return the canonical text of a key in an address. Raises Invalid."""
        key = self._domain.key
        try:
            return key.text(key.value(text))
        except ValueError as error:
            raise Invalid(FieldError(f"path:{key.name}", str(error))) from None

    def key_value(self, key: str) -> int | str:
        """Return a key as it stands in JSON; `key` is canonical."""
        return self._domain.key.value(key)

    def answer(self, key: str, entry: Entry) -> dict[str, Any]:
        """Return an entry that is no refusal as everybody gets to see it."""
        output = msgspec.json.decode(entry.output)
        return {**self._name(key, entry), **output}

    def shown(self, key: str, entry: Entry) -> dict[str, Any]:
        """Return any entry as it stands in a page of the log, one that was erased too."""
        output = msgspec.json.decode(entry.output)
        if type(output) is not dict:
            return {**self._name(key, entry), ERASED: True}
        if entry.refused:
            return {**self._name(key, entry), REFUSED: output}
        return {**self._name(key, entry), **output}

    def refusal(self, entry: Entry) -> tuple[str, str]:
        """Return code and detail of an entry that is a refusal."""
        output = msgspec.json.decode(entry.output)
        return output["code"], output["detail"]

    def _name(self, key: str, entry: Entry) -> dict[str, Any]:
        return {self._domain.key.name: self.key_value(key), self._domain.place: entry.place}

    def _item(self, value: Any, at: str, findings: Findings) -> Request | Invalid:
        key_name, id_name = self._domain.key.name, self._domain.request_id
        key = self._member(key_name, self._domain.key.text, value, findings, at)
        payload = self._payload(value, findings, frozenset({key_name, id_name}), at)
        request_id = self._member(id_name, check_client_id, value, findings, at)
        return Invalid(*findings.errors) if findings.errors else Request(key, request_id, payload)

    def _member(
        self,
        name: str,
        check: Callable[[object], str],
        value: Any,
        findings: Findings,
        at: str = "#",
    ) -> str:
        """Read a member that is ours; of what is no object `_payload` tells."""
        if type(value) is not dict:
            return ""
        if name not in value:
            findings.add(below(at, name), "is missing")
            return ""
        try:
            return check(value[name])
        except ValueError as error:
            findings.add(below(at, name), str(error))
            return ""

    def _payload(
        self, value: Any, findings: Findings, others: frozenset[str], at: str = "#"
    ) -> str:
        request = self._shape.read_beside(value, at, findings, others)
        if findings.errors:
            return ""
        text = canonical(self._shape.write(request, at))
        if len(text) > JSON_CHARACTERS_MAX:
            detail = f"must have at most {JSON_CHARACTERS_MAX} characters; it has {len(text)}"
            findings.add(at, detail)
        return text
