"""The schemas of one domain."""

from typing import Any

import msgspec

from domain.checks import written_output, written_payload
from domain.domain import AnyDomain
from domain.names import ERASED, REFUSED
from domain.refused import Refused
from domain.sizes import BATCH_ITEMS_MAX
from triggers.http.openapi.parts import closed, record, schema
from triggers.http.reading import PENDING_MAX
from triggers.http.stories import SHOWN_MAX


def schemas_of(domain: AnyDomain) -> dict[str, Any]:
    """Return them by name."""
    name = named(domain)
    return {
        name.key: domain.key.schema(),
        name.request: _asked(domain, {domain.key.name: schema(name.key)}),
        name.payload: _asked(domain, {}),
        name.item: _asked(
            domain,
            {
                domain.key.name: schema(name.key),
                domain.request_id: schema("ClientRequestId"),
            },
        ),
        name.batch: {
            "type": "array",
            "minItems": 1,
            "maxItems": BATCH_ITEMS_MAX,
            "items": schema(name.item),
        },
        name.entry: _entry(domain, name.key),
        name.logged: _logged(domain),
        name.accepted: record({"status": {"const": "accepted"}, **_named(domain, name.key)}),
        name.summary: _summary(domain, name.key),
        name.pending: _pending(domain, name.key),
        name.story: _story(domain, name),
        name.page: record(
            {
                domain.plural: {"type": "array", "items": schema(name.logged)},
                "next": {
                    "type": ["string", "null"],
                    "format": "uri-reference",
                    "description": "Where to read on; null when this page was not full: for now.",
                },
            }
        ),
        name.results: _results(domain, name.key),
    }


class Names:
    """What the schemas of a domain are called."""

    def __init__(self, domain: AnyDomain) -> None:
        """Name them after the domain and its key."""
        one = domain.name.capitalize()
        many = domain.plural.capitalize()
        key = domain.key.singular[:1].upper() + domain.key.singular[1:]
        self.key = f"{key}Key"
        self.summary = f"{key}Summary"
        self.entry = one
        self.logged = f"Logged{one}"
        self.request = f"{one}Request"
        self.payload = f"{one}Payload"
        self.item = f"{one}Item"
        self.batch = f"{many}Batch"
        self.pending = f"{many}Pending"
        self.story = f"{one}Story"
        self.accepted = f"{one}Accepted"
        self.page = f"{many}Page"
        self.results = f"{many}Results"


def named(domain: AnyDomain) -> Names:
    """Name the schemas of a domain."""
    return Names(domain)


def _asked(domain: AnyDomain, more: dict[str, Any]) -> dict[str, Any]:
    """What a client sends: the payload, and what names the request besides."""
    payload = domain.newest.request.schema(asked=True)
    schema_ = closed({**more, **payload["properties"]}, [*more, *payload["required"]])
    if domain.key.name in more and domain.request_id not in more:
        schema_["examples"] = [
            {domain.key.name: domain.key.example, **_json(written_payload(domain, request))}
            for request, _ in domain.examples[:1]
        ]
    return schema_


def _entry(domain: AnyDomain, key: str) -> dict[str, Any]:
    """An entry that is no refusal; those of older versions may look otherwise."""
    outputs: list[dict[str, Any]] = []
    for _, version in sorted(domain.compiled.items(), reverse=True):
        kept = version.output.schema(asked=False)
        properties = {
            domain.key.name: schema(key),
            **kept["properties"],
            domain.place: schema("Place"),
        }
        required = list(dict.fromkeys([domain.key.name, domain.place, *kept["required"]]))
        one = {"type": "object", "properties": properties, "required": required}
        if one not in outputs:
            outputs.append(one)
    told = outputs[0] if len(outputs) == 1 else {"anyOf": outputs}
    return {**told, "examples": _examples(domain)}


def _examples(domain: AnyDomain) -> list[dict[str, Any]]:
    for place, (_, output) in enumerate(domain.examples, start=1):
        if not isinstance(output, Refused):
            made = _json(written_output(domain, output))
            return [{domain.key.name: domain.key.example, domain.place: place, **made}]
    return []


def _logged(domain: AnyDomain) -> dict[str, Any]:
    """An entry as pages show it: what was made, refused or erased."""
    name = named(domain)
    place = {domain.key.name: schema(name.key), domain.place: schema("Place")}
    kinds = [schema(name.entry), record({**place, ERASED: {"const": True}})]
    if any(each.may_refuse for each in domain.compiled.values()):
        kinds.append(record({**place, REFUSED: schema("Refusal")}))
    return {"anyOf": kinds}


def _named(domain: AnyDomain, key: str) -> dict[str, Any]:
    return {domain.key.name: schema(key), domain.request_id: schema("RequestId")}


def _summary(domain: AnyDomain, key: str) -> dict[str, Any]:
    last = {"type": "integer", "description": "The last place given out, 0 for none.", "minimum": 0}
    pending = {
        "type": "integer",
        "description": f"Accepted requests that have no place yet, counted no further than"
        f" {PENDING_MAX}. One that gets it at this moment may be counted on both sides.",
        "minimum": 0,
        "maximum": PENDING_MAX,
    }
    return record({domain.key.name: schema(key), "last": last, "pending": pending})


def _pending(domain: AnyDomain, key: str) -> dict[str, Any]:
    one = record(
        {
            domain.request_id: schema("RequestId"),
            "acceptedAt": {"type": "string", "format": "date-time"},
            "ordered": {
                "type": ["boolean", "null"],
                "description": "Whether the entity lists it; null when it did not answer.",
            },
        }
    )
    shown = {"type": "array", "maxItems": SHOWN_MAX, "items": one}
    more = {"type": "boolean", "description": "Whether there are more than these."}
    return record({domain.key.name: schema(key), "pending": shown, "more": more})


def _story(domain: AnyDomain, name: Names) -> dict[str, Any]:
    payload = {"type": ["object", "null"], "description": "What was asked; null when erased."}
    made = record(
        {
            **_named(domain, name.key),
            "status": {"enum": ["accepted", "logged", "dead"]},
            "payload": payload,
            "steps": {"type": "array", "items": schema("Step")},
        }
    )
    made["properties"] |= {"entry": schema(name.logged), "reason": {"type": "string"}}
    return made


def _results(domain: AnyDomain, key: str) -> dict[str, Any]:
    name, request = named(domain), _named(domain, key)
    created = {"status": {"const": "created"}, **request, domain.name: schema(name.entry)}
    refused = {
        "status": {"enum": ["refused", "not-accepted"]},
        **request,
        "reason": {"type": "string", "description": "As the last part of a problem's type."},
        "detail": {"type": "string"},
    }
    invalid = {"status": {"const": "invalid"}, "errors": schema("Errors")}
    kinds = [schema(name.accepted), *(record(each) for each in (created, invalid, refused))]
    results = {"type": "array", "items": {"oneOf": kinds}}
    return record({"results": results})


def _json(text: str) -> dict[str, Any]:
    value: dict[str, Any] = msgspec.json.decode(text)
    return value
