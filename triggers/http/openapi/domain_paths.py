"""The calls of one domain."""

from typing import Any

from domain.domain import AnyDomain
from domain.names import function_names, words
from domain.refused import Refused
from domain.sizes import BATCH_BODY_BYTES_MAX, BATCH_ITEMS_MAX, BODY_BYTES_MAX
from triggers.http import kinds
from triggers.http.openapi.domain_schemas import Names, named
from triggers.http.openapi.parts import answers, content, problem, ref, schema
from triggers.http.stories import SHOWN_MAX


def paths_of(domain: AnyDomain) -> dict[str, Any]:
    """Return the paths with their calls."""
    name, key = named(domain), f"/api/{domain.key.plural}/{{{domain.key.name}}}"
    in_path = [_in_path(domain.key.name, name.key)]
    request = [*in_path, _in_path(domain.request_id, "RequestId")]
    entry = [*in_path, _in_path(domain.place, "Place")]
    return {
        f"/api/{domain.plural}": {"post": _post(domain, name)},
        f"/api/{domain.plural}/batch": {"post": _post_batch(domain, name)},
        f"{key}/requests/{{{domain.request_id}}}": {
            "put": _put(domain, name),
            "get": {"parameters": request, **_get_request(domain, name)},
        },
        f"{key}/stories/{{{domain.request_id}}}": {
            "get": {"parameters": request, **_get_story(domain, name)},
        },
        f"{key}/pending": {"parameters": in_path, "get": _get_pending(domain, name)},
        key: {"parameters": in_path, "get": _get_key(domain, name)},
        f"{key}/{domain.plural}": {"parameters": in_path, "get": _get_log(domain, name)},
        f"{key}/{domain.plural}/{{{domain.place}}}": {
            "parameters": entry,
            "get": _get_entry(domain, name),
        },
    }


def _in_path(name: str, of: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": schema(of)}


def _post(domain: AnyDomain, name: Names) -> dict[str, Any]:
    kib = BODY_BYTES_MAX // 1024
    return {
        **_call(domain, function_names(domain).post, f"Ask for {_a(domain)}"),
        "description": "The request id is the `Idempotency-Key`. Whatever happens, sending the same"
        " request with the same key again is safe, and after 429, 500, 503 or no answer it is what"
        f" to do. The body has at most {kib} KiB.",
        "parameters": [ref("parameters", "IdempotencyKey"), ref("parameters", "Prefer")],
        "requestBody": {"required": True, "content": content(schema(name.request))},
        "responses": _asked(domain, name),
    }


def _put(domain: AnyDomain, name: Names) -> dict[str, Any]:
    summary = f"Ask for {_a(domain)}, with the request id in the address"
    return {
        **_call(domain, function_names(domain).put, summary),
        "description": f"As `POST /api/{domain.plural}`; a header `Idempotency-Key` is not looked"
        " at.",
        "parameters": [
            _in_path(domain.key.name, name.key),
            _in_path(domain.request_id, "ClientRequestId"),
            ref("parameters", "Prefer"),
        ],
        "requestBody": {"required": True, "content": content(schema(name.payload))},
        "responses": _asked(domain, name),
    }


def _post_batch(domain: AnyDomain, name: Names) -> dict[str, Any]:
    mib = BATCH_BODY_BYTES_MAX // 1024**2
    many, key = words(domain.plural), words(domain.key.plural)
    summary = f"Ask for up to {BATCH_ITEMS_MAX} {many}, of any {key}"
    return {
        **_call(domain, function_names(domain).post_batch, summary),
        "description": "Each item has a result of its own, in the same order. Items with the same"
        f" request id are one request. Does not wait. The body has at most {mib} MiB, an item"
        f" {BODY_BYTES_MAX // 1024} KiB. After 429, 500, 503 or no answer send the whole batch"
        " again; after a result `not-accepted` that item.",
        "requestBody": {"required": True, "content": content(schema(name.batch))},
        "responses": {
            "202": {
                "description": "One result per item.",
                "content": content(schema(name.results)),
            },
            **answers(400, 401, 413, 415, 429, 500, 503),
        },
    }


def _get_request(domain: AnyDomain, name: Names) -> dict[str, Any]:
    return {
        **_call(domain, function_names(domain).get_request, "See what became of a request"),
        "responses": {
            "200": _entry_answer(domain, name),
            "202": _accepted(name),
            **answers(400, 401, 404),
            **_refused(domain),
            **answers(410),
            **_fold_failed(domain, with_reused=False),
            **answers(503),
        },
    }


def _get_story(domain: AnyDomain, name: Names) -> dict[str, Any]:
    return {
        **_call(domain, function_names(domain).get_story, "See the steps of a request"),
        "description": "What the stores and the entity say at this moment, for people who look. A"
        " time that is not kept is null, and `detail` says why.",
        "responses": {
            "200": {
                "description": "Its steps, in their order.",
                "content": content(schema(name.story)),
            },
            **answers(400, 401, 404, 500, 503),
        },
    }


def _get_pending(domain: AnyDomain, name: Names) -> dict[str, Any]:
    key = words(domain.key.singular)
    summary = f"See which requests of a {key} have no place yet"
    return {
        **_call(domain, function_names(domain).get_pending, summary),
        "responses": {
            "200": {
                "description": f"Up to {SHOWN_MAX} of them, the oldest of those shown first.",
                "content": content(schema(name.pending)),
            },
            **answers(400, 401, 500, 503),
        },
    }


def _get_key(domain: AnyDomain, name: Names) -> dict[str, Any]:
    key = words(domain.key.singular)
    return {
        **_call(domain, function_names(domain).get_key, f"See how far a {key} has got"),
        "description": f"A {key} that nobody has used is one with nothing in it.",
        "responses": {
            "200": {
                "description": "Its last place, and how much is waiting.",
                "content": content(schema(name.summary)),
            },
            **answers(400, 401, 500, 503),
        },
    }


def _get_log(domain: AnyDomain, name: Names) -> dict[str, Any]:
    key, many = words(domain.key.singular), words(domain.plural)
    return {
        **_call(domain, function_names(domain).get_log, f"Read {many} in order"),
        "description": f"To follow a {key}, remember the last `{domain.place}` you have seen and"
        " ask with `after`, again and again: that is each entry exactly once.",
        "parameters": [ref("parameters", "After"), ref("parameters", "Limit")],
        "responses": {
            "200": {
                "description": "Up to `limit` entries.",
                "content": content(schema(name.page)),
            },
            **answers(400, 401, 500, 503),
        },
    }


def _get_entry(domain: AnyDomain, name: Names) -> dict[str, Any]:
    return {
        **_call(domain, function_names(domain).get_entry, f"Read one {words(domain.name)}"),
        "responses": {
            "200": {
                "description": "It never changes.",
                "content": content(schema(name.logged)),
            },
            **answers(400, 401, 404, 410, 500, 503),
        },
    }


def _asked(domain: AnyDomain, name: Names) -> dict[str, Any]:
    """What may come of a request for an entry."""
    return {
        "201": _created(domain, name),
        "202": _accepted(name),
        **answers(400, 401),
        **_refused(domain),
        **answers(410, 413, 415),
        **_fold_failed(domain, with_reused=True),
        **answers(429, 503),
    }


def _created(domain: AnyDomain, name: Names) -> dict[str, Any]:
    return {
        "description": f"The {words(domain.name)} is in the log.",
        "headers": {
            "Location": ref("headers", "Location"),
            "Idempotency-Key": ref("headers", "IdempotencyKey"),
            "Idempotency-Replayed": ref("headers", "IdempotencyReplayed"),
            "Preference-Applied": ref("headers", "PreferenceApplied"),
        },
        "content": content(schema(name.entry)),
    }


def _accepted(name: Names) -> dict[str, Any]:
    return {
        "description": "Accepted, and without a place yet; ask again at `Location`.",
        "headers": {
            "Location": ref("headers", "Location"),
            "Retry-After": ref("headers", "RetryAfter"),
            "Idempotency-Key": ref("headers", "IdempotencyKey"),
            "Preference-Applied": ref("headers", "PreferenceApplied"),
        },
        "content": content(schema(name.accepted)),
    }


def _entry_answer(domain: AnyDomain, name: Names) -> dict[str, Any]:
    return {
        "description": f"The {words(domain.name)}. It never changes.",
        "content": content(schema(name.entry)),
    }


def _refused(domain: AnyDomain) -> dict[str, Any]:
    """409, with the codes that the examples show."""
    if not any(each.may_refuse for each in domain.compiled.values()):
        return {}
    codes = dict.fromkeys(
        output.code for _, output in domain.examples if isinstance(output, Refused)
    )
    shown = "".join(f" `{kinds.refused(domain, code).type}`" for code in codes)
    told = f" Among them{shown}." if shown else ""
    detail = "Refused, for good: the refusal has its place in the log, and a repeat gets it again."
    return {"409": {"description": f"{detail}{told}", "content": problem()}}


def _fold_failed(domain: AnyDomain, *, with_reused: bool) -> dict[str, Any]:
    """422 and 500: whose fault it is when the function fails is declared."""
    reused, failed = kinds.key_reused(domain), kinds.fold_failed(domain)
    told = {422: [f"`{reused.type}`: {reused.title}."] if with_reused else [], 500: []}
    told[500] = [f"`{kinds.FAILED.type}`: a fault of the service; repeating is safe."]
    told[failed.status].append(f"`{failed.type}`: {failed.title}; it is kept as a dead letter.")
    return {
        str(status): {"description": " ".join(texts), "content": problem()}
        for status, texts in told.items()
        if texts
    }


def _call(domain: AnyDomain, function: str, summary: str) -> dict[str, Any]:
    first, *others = function.split("_")
    operation = first + "".join(each.capitalize() for each in others)
    return {"operationId": operation, "tags": [domain.plural], "summary": summary}


def _a(domain: AnyDomain) -> str:
    name = words(domain.name)
    return f"an {name}" if name[0] in "aeiou" else f"a {name}"
