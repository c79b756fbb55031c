"""What changes from run to run, or from machine to machine, taken out of an answer."""

import json
import re
from collections.abc import Sequence
from typing import Any, Final

_RANDOM: Final = [
    (re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(:\d+)?", re.IGNORECASE), "{guid}"),
    (re.compile(r"\b[0-9a-f]{32}(:\d+)?\b"), "{hex}"),
    (re.compile(r"\b00-[0-9a-f]{32}-[0-9a-f]{16}-\d\d\b"), "{traceparent}"),
    (re.compile(r"\b20\d\d-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?"), "{time}"),
    (re.compile(r"(?<=/durabletask)/[0-9a-f]{16}(?=/)"), ""),  # the loopback port's random path
    (re.compile(r"\bcode=[^\"&\\]*(?=[\"&\\]|$)"), "code={key}"),
]
_STACK: Final = re.compile(r"(\r?\n|\\n|\\r\\n)\s*at .*|Stack: .*", re.DOTALL)
_FRAMES: Final = re.compile(r" {2}File \\*\".*?(?=\\*\"\s*,\s*\\*\"RemoteMessage|\Z)", re.DOTALL)
"""The worker's Python stack, within a serialised exception."""
_KNOWN: Final = re.compile(r"(?<=functions: )'[^']+'(?:, '[^']+')+")
"""The functions that an error text names, in the order of a hash table."""
_VFS: Final = re.compile(r"(?<=/admin/vfs/)[^\"]*")
_FILE_PATH: Final = re.compile(
    r"(?<![\w.}/-])(?:file://)?/(?:tmp|work|root|home|usr)/[^\s\"',:;)\\]*"
)
_RUN: Final = re.compile(r"x{300,}|y{300,}|é{300,}")


def normal(value: Any, port: int) -> Any:
    """Return a JSON value with its texts normalised, at any depth."""
    if isinstance(value, dict):
        return {normal_text(key, port): normal(item, port) for key, item in value.items()}
    if isinstance(value, list):
        return [normal(item, port) for item in value]
    return normal_text(value, port) if isinstance(value, str) else value


def normal_text(text: str, port: int) -> str:
    """Return a text without the host's address, GUIDs, times, keys, stacks and paths."""
    text = re.sub(rf"(localhost|127\.0\.0\.1):{port}\b", "{host}", text)
    for pattern, name in _RANDOM:
        text = pattern.sub(name, text)
    text = _STACK.sub("{stack}", text)
    text = _KNOWN.sub(lambda names: ", ".join(sorted(names[0].split(", "))), text)
    text = _FILE_PATH.sub("{path}", _VFS.sub("{path}", text))
    text = _FRAMES.sub("{stack}", text)
    return _RUN.sub(lambda run: f"{run[0][0]}*{len(run[0])}", text)


def masked(answer: Any, masks: Sequence[str]) -> Any:
    """Return the answer with `*` in the place of each mask.

    A mask is `headers/NAME`, `body`, `body/MEMBER/...`, `closed` or a path of members.
    """
    answer = json.loads(json.dumps(answer))
    for mask in masks:
        first, *path = mask.split("/")
        if first == "headers" and path and "headers" in answer:
            answer["headers"] = [[n, "*" if n == path[0] else v] for n, v in answer["headers"]]
        elif first == "body" and path and isinstance(answer.get("body"), str):
            answer["body"] = _masked_text(answer["body"], path)
        else:
            answer = _star(answer, [first, *path])
    return answer


def _masked_text(body: str, path: list[str]) -> str:
    try:
        content = json.loads(body)
    except ValueError:
        return body
    return json.dumps(_star(content, path), ensure_ascii=False, sort_keys=True)


def _star(value: Any, path: list[str]) -> Any:
    if not path:
        return "*"
    if isinstance(value, dict) and path[0] in value:
        return value | {path[0]: _star(value[path[0]], path[1:])}
    if isinstance(value, list) and path[0].isdecimal() and int(path[0]) < len(value):
        index = int(path[0])
        return [*value[:index], _star(value[index], path[1:]), *value[index + 1 :]]
    return value
