"""What `/admin/functions` says of a function, and what it takes to run one."""

import json
from typing import Any

from localhost.functions import Function


def describe(function: Function, base: str, template: str | None) -> dict[str, Any]:
    """Return a function as the real host lists it; `base` is the host's address.

    `template` is the route of an HTTP function.
    """
    script = f"{base}/admin/vfs/{function.script_file}"
    return {
        "name": function.name,
        "script_root_path_href": None,
        "script_href": script,
        "config_href": None,
        "test_data_href": f"{base}/admin/vfs/{function.name}.dat",
        "href": f"{base}/admin/functions/{function.name}",
        "invoke_url_template": None if template is None else f"{base}/{template}",
        "language": "python",
        "config": {
            "name": function.name,
            "entryPoint": function.name,
            "scriptFile": function.script_file,
            "functionDirectory": function.directory,
            "language": "python",
            "bindings": list(function.bindings),
        },
        "files": None,
        "test_data": "",
        "isDisabled": function.disabled,
        "isDirect": False,
        "isProxy": False,
    }


def invocation_of(body: bytes) -> str:
    """Return the input of `{"input": ...}`, empty when there is none.

    Raises ValueError when the body is no JSON object or the input an object or array.
    """
    content = json.loads(body)
    if not isinstance(content, dict):
        raise ValueError("not an object")  # noqa: TRY004 - whoever sent it gets a 400
    given = next((value for name, value in content.items() if name.lower() == "input"), None)
    if isinstance(given, dict | list):
        raise ValueError("the input is not a text")  # noqa: TRY004
    return "" if given is None else str(given)
