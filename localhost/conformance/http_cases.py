"""Cases of the HTTP sets: the request on the wire, the answer in the recorded form."""

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

from localhost.conformance.normal import normal, normal_text
from localhost.conformance.wire import Conversation, Message, Part, talk

ANSWER_SECONDS: Final = 8.0
BODY_LENGTH_MAX: Final = 20_000
"""Of a longer body only the length and the hash are recorded (once it is normalised)."""
HEADERS_LEFT_OUT: Final = frozenset(
    {"date", "server", "transfer-encoding", "content-length", "connection", "keep-alive"}
)


class HttpClient:
    """Sends cases to a host. `keys` are its function and master key, by those names."""

    def __init__(self, port: int, keys: Mapping[str, str], *, as_json: bool) -> None:
        self._port = port
        self._keys = keys
        self._as_json = as_json

    def answer(self, case: Mapping[str, Any]) -> Any:
        """Send the request of a case; return the answer in the recorded form."""
        request = case["request"]
        said = talk(
            ("127.0.0.1", self._port),
            self._parts(request),
            case.get("seconds", ANSWER_SECONDS),
            answers=request.get("answers", 1),
            half_close=request.get("half_close", False),
        )
        text = json.dumps(self._told(said))
        for name, value in self._keys.items():
            text = text.replace(value, f"{{{name}Key}}")
        return json.loads(text)

    def _parts(self, request: Mapping[str, Any]) -> list[Part]:
        if "raw" in request:
            raw = request["raw"] if isinstance(request["raw"], list) else [request["raw"]]
            return [part if isinstance(part, float) else self._raw(part) for part in raw]
        body = as_bytes(request.get("body", ""))
        headers = list(request.get("headers", []))
        names = {name.lower() for name, _ in headers}
        if "host" not in names:
            headers.insert(0, ["Host", "{host}"])
        if body and not names & {"content-length", "transfer-encoding"}:
            headers.append(["Content-Length", str(len(body))])
        version = request.get("version", "1.1")
        head = f"{request['method']} {request['target']} HTTP/{version}\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in headers) + "\r\n"
        return [self._filled(head).encode("latin-1") + body]

    def _raw(self, part: str) -> bytes:
        return self._filled(base64.b64decode(part).decode("latin-1")).encode("latin-1")

    def _filled(self, text: str) -> str:
        text = text.replace("{host}", f"localhost:{self._port}")
        for name, value in self._keys.items():
            escaped = f"%{ord(value[0]):02X}{value[1:]}"
            text = text.replace(f"{{{name}Key}}", value)
            text = text.replace(f"{{{name}Key:upper}}", value.upper())
            text = text.replace(f"{{{name}Key:escaped}}", escaped)
        return text

    def _told(self, said: Conversation) -> Any:
        if not said.messages:
            return {"none": True, "closed": said.closed}
        final = [self._message(message) for message in said.messages if message.is_final]
        interim = [message.status for message in said.messages if not message.is_final]
        answer: dict[str, Any] = final[0] if final else {"none": True}
        if interim:
            answer["interim"] = interim
        if final[1:]:
            answer["more"] = final[1:]
        answer["closed"] = said.closed
        return answer

    def _message(self, message: Message) -> dict[str, Any]:
        headers = sorted(
            [name.lower(), normal_text(value, self._port)]
            for name, value in message.headers
            if name.lower() not in HEADERS_LEFT_OUT
        )
        return {"status": message.status, "headers": headers, "body": self._body(message.body)}

    def _body(self, body: bytes) -> Any:
        try:
            text = body.decode()
        except UnicodeDecodeError:
            return {"base64": base64.b64encode(body).decode()}
        content = _json_or_none(text) if self._as_json else None
        if isinstance(content, dict | list):
            content = normal(content, self._port)
            text = json.dumps(content, ensure_ascii=False, sort_keys=True)
        else:
            text = normal_text(text, self._port)
        if len(text) > BODY_LENGTH_MAX:
            hashed = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
            return {"length": len(text), "sha256": hashed}
        return text


def as_bytes(body: Any) -> bytes:
    """Return the bytes of a recorded body: a text (UTF-8) or {"base64": ...}."""
    return base64.b64decode(body["base64"]) if isinstance(body, dict) else str(body).encode()


def _json_or_none(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
