"""What is printed once at the start: like Core Tools, so that eyes and scripts find it."""

from collections.abc import Iterable, Mapping

from localhost.functions import HTTP_TRIGGER, Function
from localhost.keys import Keys
from localhost.routing import Route


def urls_of(routes: Iterable[Route], base_url: str) -> dict[str, str]:
    """Return the address of each HTTP function as a template."""
    return {route.function.name: f"{base_url}/{route.template.text}" for route in routes}


def function_lines(functions: Iterable[Function], urls: Mapping[str, str]) -> list[str]:
    """Return the list of functions: HTTP with their addresses, others with their triggers."""
    lines = ["", "Functions:", ""]
    for function in sorted(functions, key=lambda item: (item.name not in urls, item.name)):
        lines += [f"\t{function.name}: {_what(function, urls)}", ""]
    return lines


def _what(function: Function, urls: Mapping[str, str]) -> str:
    text = function.trigger_type
    if function.trigger_type == HTTP_TRIGGER:
        methods = ",".join(map(str, function.trigger.get("methods") or ()))
        text = f"[{methods}] {urls[function.name]}" if methods else urls[function.name]
    return f"{text} (disabled)" if function.disabled else text


def warnings_of(functions: Iterable[Function]) -> list[str]:
    """Return what a user should know although the host starts."""
    lines = []
    for function in functions:
        if function.not_built:
            missing = ", ".join(function.not_built)
            lines.append(f"{function.name} will not run: localhost has no {missing}")
        if function.retry_is_unsupported:
            lines.append(
                f"{function.name}: a {function.trigger_type} has no retry policy by contract"
                + (" and is not retried" if function.trigger_type == HTTP_TRIGGER else "")
            )
    return lines


def key_lines(keys: Keys) -> list[str]:
    """Return the keys, for `--enable-auth`."""
    return [
        "Keys (header x-functions-key, or ?code=):",
        f"\tmaster: {keys.master}",
        f"\thost:   {keys.host}",
        f"\tsystem: {keys.system}",
        "",
    ]
