"""Temporary: the runner of one process behind the seam of two."""
from typing import Any
from azure.functions.http import HttpRequest, HttpResponseConverter
from localhost.functions import Function
from localhost.invocation import Trigger
from localhost.rpc.messages import *
from localhost.worker import FunctionRunner
from localhost.taskhub.worker_port import FunctionFailed
import email.utils

async def run_http(runner: FunctionRunner, function: Function, data: TypedData) -> TypedData | None:
    h = data.http
    req = HttpRequest(h.method, h.url, headers=h.headers, params=h.query, route_params=h.params, body_type="bytes", body=h.body.bytes or b"")
    result = await runner.run_once(function, Trigger(req, h.headers.get("traceparent", ""), h.headers.get("tracestate", "")))
    try:
        d = HttpResponseConverter.encode(result, expected_type=None)
    except Exception as e:
        raise runner.failed(function, e)
    if d.type == "string": return TypedData(string=d.value)
    v = d.value
    cookies = []
    for c in v["cookies"] or ():
        for name, m in c.items():
            exp = None
            if m["expires"]:
                exp = NullableTimestamp(value=Timestamp(seconds=int(email.utils.parsedate_to_datetime(m["expires"]).timestamp())))
            cookies.append(RpcHttpCookie(name=name, value=m.value, domain=NullableString(value=m["domain"]), path=NullableString(value=m["path"]), expires=exp,
                secure=NullableBool(value=bool(m["secure"])), http_only=NullableBool(value=bool(m["httponly"])),
                same_site={"lax":1,"strict":2,"none":3}.get(m["samesite"].lower(),0), max_age=NullableDouble(value=float(m["max-age"])) if m["max-age"] else None))
    return TypedData(http=RpcHttp(status_code=str(v["status_code"].value), headers={k: x.value for k, x in v["headers"].items()}, cookies=cookies, body=TypedData(bytes=v["body"].value)))
