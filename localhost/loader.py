"""Load an unmodified function_app.py and index its functions, once (host-protocol 1)."""

import importlib
import inspect
import json
import os
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any, Final

import azure.functions as func

from localhost.app_settings import is_disabled
from localhost.errors import StartError
from localhost.functions import Binding, Function, RetryPolicy
from localhost.signature import check_signature

_HOST_FOLDER: Final = Path(__file__).parent


def load_functions(
    app: Path, environ: Mapping[str, str], allowed: list[str] | None = None
) -> list[Function]:
    """Import the app and return its functions, of host.json's allow-list `functions` if any.

    The working directory becomes the app's: the durable SDK reads host.json from there when it is
    imported. Raises StartError for anything wrong, because the real host then serves nothing.
    """
    script = environ.get("PYTHON_SCRIPT_FILE_NAME") or "function_app.py"
    if not (app / script).is_file():
        raise StartError(f"there is no {script} in {app}")
    os.chdir(app)
    if str(app) not in sys.path:
        sys.path.insert(0, str(app))
    register = _register_of(_import(app, Path(script).stem, script), script)
    functions = index_functions(register, app, environ)
    return [item for item in functions if allowed is None or item.name in allowed]


def index_functions(register: Any, app: Path, environ: Mapping[str, str]) -> list[Function]:
    """Return the functions of a function app object. Raises StartError when one is wrong."""
    try:
        # Once per app object: the SDK remembers the names, a second call finds them all taken.
        indexed = register.get_functions()
    except Exception as error:
        raise StartError(f"cannot index the functions: {error}") from error
    return [_function(item, app, environ) for item in indexed]


def _import(app: Path, module: str, script: str) -> ModuleType:
    try:
        return importlib.import_module(module)
    except (Exception, SystemExit) as error:
        detail = _useful_part(error, app)
        kind = type(error).__name__
        raise StartError(f"cannot load {script}: {kind}: {_first_line(error)}", detail) from error


def _register_of(module: ModuleType, script: str) -> Any:
    found = {id(item): item for item in vars(module).values() if _is_register(item)}
    if not found:
        raise StartError(f"Could not find top level function app instances in {script}.")
    if len(found) > 1:
        raise StartError(f"More than one top level function app instance in {script}.")
    return next(iter(found.values()))


def _is_register(item: object) -> bool:
    return isinstance(item, func.FunctionRegister)


def _function(indexed: Any, app: Path, environ: Mapping[str, str]) -> Function:
    name = str(indexed.get_function_name())
    call = indexed.get_user_function()
    bindings = tuple(json.loads(text) for text in indexed.get_raw_bindings())
    trigger = _trigger_of(indexed, bindings)
    signature = check_signature(name, call, trigger, bindings)
    return Function(
        name=name,
        call=call,
        is_async=inspect.iscoroutinefunction(call),
        trigger=trigger,
        bindings=bindings,
        clients=signature.clients,
        wants_context=signature.wants_context,
        returns=signature.returns,
        retry=_retry_of(name, indexed),
        disabled=is_disabled(name, environ),
        directory=str(app),
    )


def _trigger_of(indexed: Any, bindings: tuple[Binding, ...]) -> Binding:
    position: int = indexed.get_bindings().index(indexed.get_trigger())
    return bindings[position]


def _retry_of(name: str, indexed: Any) -> RetryPolicy | None:
    settings = indexed.get_settings_dict("retry_policy")
    if settings is None:
        return None
    try:
        return RetryPolicy.of(settings)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise StartError(f"{name}: its retry policy is wrong: {error}") from error


def _useful_part(error: BaseException, app: Path) -> str:
    """Return the traceback from the first line of the app on: what came before is the host."""
    frames = error.__traceback__
    while frames is not None and not _is_in(app, frames):
        frames = frames.tb_next
    return "".join(traceback.format_exception(type(error), error, frames)).rstrip()


def _is_in(app: Path, frame: TracebackType) -> bool:
    file = Path(frame.tb_frame.f_code.co_filename)
    return file.is_relative_to(app) and not file.is_relative_to(_HOST_FOLDER)


def _first_line(error: BaseException) -> str:
    return str(error).strip().split("\n", 1)[0]
