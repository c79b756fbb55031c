"""The environment variables an app finds when it is loaded."""

import hashlib
import json
from collections.abc import Mapping, MutableMapping
from typing import Final

from localhost.app_settings import load_local_settings
from localhost.data_folder import DataFolder
from localhost.keys import load_keys
from localhost.options import Options, Storage
from store.open import TABLES

AZURITE: Final = "UseDevelopmentStorage=true"
TABLE_CONNECTION: Final = "TodoTables"
"""A connection string, or the prefix of settings such as `TodoTables__tableServiceUri`."""
TABLE_ADDRESSES: Final = ("", "__tableserviceuri", "__serviceuri")
"""What follows it in the settings that say which account it is."""
EVENT_HUBS_CONNECTION: Final = "EventHubs"


def prepare_environment(
    options: Options, data: DataFolder, base_url: str, environ: MutableMapping[str, str]
) -> None:
    """Add the app's local settings and what this host decides. Raises StartError."""
    load_local_settings(options.app, environ)
    if options.storage is Storage.SQLITE:
        environ["TODO_STORE"] = f"sqlite:{data.todos}"
    else:
        environ["TODO_STORE"] = "tables"
        if not any(name.startswith(f"{TABLE_CONNECTION}__") for name in environ):
            environ.setdefault(TABLE_CONNECTION, AZURITE)
    # As Core Tools sets them; apps look at these to learn where they run.
    environ.setdefault("AZURE_FUNCTIONS_ENVIRONMENT", "Development")
    environ.setdefault("FUNCTIONS_WORKER_RUNTIME", "python")
    identity = f"{EVENT_HUBS_CONNECTION}__fullyQualifiedNamespace"
    if not environ.get(EVENT_HUBS_CONNECTION) and not environ.get(identity):
        environ[EVENT_HUBS_CONNECTION] = _event_hubs(options, data, base_url)
    environ["WEBSITE_HOSTNAME"] = base_url.removeprefix("http://")
    environ["AzureWebJobsScriptRoot"] = str(options.app)


def todo_store(environ: Mapping[str, str]) -> str:
    """Return a name that two hosts share if they keep TODOs in one place. It tells no secret."""
    settings = {name.casefold(): text for name, text in environ.items()}
    store = [settings["todo_store"]]
    if store == ["tables"]:
        prefix = TABLE_CONNECTION.casefold()
        store += [settings.get(f"{prefix}{each}", "") for each in TABLE_ADDRESSES]
        store += [settings.get(name.casefold()) or usual for name, usual in TABLES.items()]
    return hashlib.sha256(json.dumps(store).encode()).hexdigest()


def _event_hubs(options: Options, data: DataFolder, base_url: str) -> str:
    """Return where this host takes events: by number, because a name may mean IPv6 first.

    With `--enable-auth` the key is in it as a password; clients send it as basic authentication.
    """
    address = "//[::1]:" if ":" in options.host else "//127.0.0.1:"
    if options.enable_auth:
        address = address.replace("//", f"//:{load_keys(data.keys).master}@")
    return base_url.replace("//localhost:", address)
