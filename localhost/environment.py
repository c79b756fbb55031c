"""The environment variables an app finds when it is loaded."""

import hashlib
import json
from collections.abc import Mapping, MutableMapping
from typing import Final

from localhost.app_settings import load_local_settings
from localhost.data_folder import DataFolder
from localhost.keys import load_keys
from localhost.options import Options

DATA: Final = "%LOCALHOST_DATA%"
"""In the value of an app setting: the data folder."""
EVENT_HUBS: Final = "%LOCALHOST_EVENT_HUBS%"
"""In the value of an app setting: where this host takes events."""
SHARED_SETTINGS: Final = "LOCALHOST_SHARED_SETTINGS"
"""Names of app settings, with commas: a standby must have the same values as the owner. A name
also stands for those that begin with it and `__`."""
THREADS: Final = "PYTHON_THREADPOOL_THREAD_COUNT"
THREADS_DEFAULT: Final = "1000"
"""What the real host sets; the worker library makes its own of nonsense (host-protocol 3.1)."""


def prepare_environment(
    options: Options, data: DataFolder, base_url: str, environ: MutableMapping[str, str]
) -> None:
    """Add the app's local settings and what this host decides. Raises StartError."""
    load_local_settings(options.app, environ)
    # As Core Tools sets them; apps look at these to learn where they run.
    environ.setdefault("AZURE_FUNCTIONS_ENVIRONMENT", "Development")
    environ.setdefault("FUNCTIONS_WORKER_RUNTIME", "python")
    environ["WEBSITE_HOSTNAME"] = base_url.removeprefix("http://")
    environ["AzureWebJobsScriptRoot"] = str(options.app)
    event_hubs = _event_hubs(options, data, base_url)
    for name, value in list(environ.items()):
        if DATA in value or EVENT_HUBS in value:
            environ[name] = value.replace(DATA, str(data.path)).replace(EVENT_HUBS, event_hubs)


def worker_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what the worker process gets."""
    return {**environ, THREADS: environ.get(THREADS) or THREADS_DEFAULT}


def shared_settings(environ: Mapping[str, str]) -> str:
    """Return a text that two hosts have in common if their shared settings agree; it is no secret."""
    names = [name.strip().casefold() for name in environ.get(SHARED_SETTINGS, "").split(",")]
    shared = {
        name.casefold(): value
        for name, value in environ.items()
        if name.casefold().partition("__")[0] in names
    }
    return hashlib.sha256(json.dumps(shared, sort_keys=True).encode()).hexdigest()


def _event_hubs(options: Options, data: DataFolder, base_url: str) -> str:
    """Return where this host takes events: by number, because a name may mean IPv6 first.

    With `--enable-auth` the key is in it as a password; clients send it as basic authentication.
    """
    address = "//[::1]:" if ":" in options.host else "//127.0.0.1:"
    if options.enable_auth:
        address = address.replace("//", f"//:{load_keys(data.keys).master}@")
    return base_url.replace("//localhost:", address)
