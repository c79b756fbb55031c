"""Functions as the host knows them, without an app."""

from typing import Any

from localhost.functions import Function


def declared(**binding: Any) -> Function:
    """Return a plain function with one binding, which is its trigger."""
    return Function(
        name="f",
        id="1",
        trigger=binding,
        bindings=(binding,),
        is_async=False,
        retry=None,
        disabled=False,
        directory="",
        script_file="",
    )
