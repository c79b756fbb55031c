"""Says what an exception was, and in which line of the learner's file."""

import traceback
from types import ModuleType
from typing import Final

ANSWER: Final = "workshop_answer_"
"""How the name of a learner's module begins."""

NOT_ASYNC: Final = "is a function `def` where it should be `async def`?"


def described(error: BaseException) -> str:
    """Name an exception and the last line of the learner's file that it passed through, if any."""
    lines = [
        line
        for frame, line in traceback.walk_tb(error.__traceback__)
        if str(frame.f_globals.get("__name__")).startswith(ANSWER)
    ]
    return f"{type(error).__name__}: {_reason(error)}" + (f" (line {lines[-1]})" if lines else "")


def _reason(error: BaseException) -> str:
    if isinstance(error, AttributeError) and isinstance(error.obj, ModuleType):
        owner = "your file" if error.obj.__name__.startswith(ANSWER) else error.obj.__name__
        return f"{owner} has no '{error.name}'"
    if isinstance(error, TypeError) and "await" in str(error):
        return f"{error}: {NOT_ASYNC}"
    return str(error)
