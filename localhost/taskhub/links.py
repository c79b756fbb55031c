"""The URLs that clients get: in the durable client binding and in answers (host-protocol 4.1)."""

import json
from functools import lru_cache
from typing import Final
from urllib.parse import quote

INSTANCE_PLACEHOLDER: Final = "INSTANCEID"
"""What the SDK replaces by the id of an instance."""

_ANSWERED: Final = (
    "statusQueryGetUri",
    "sendEventPostUri",
    "terminatePostUri",
    "purgeHistoryDeleteUri",
    "restartPostUri",
    "suspendPostUri",
    "resumePostUri",
)
"""The links in the answer to a start; rewind is not among them."""


def management_urls(base: str, instance: str, query: str) -> dict[str, str]:
    """Return every link to one instance."""
    here = f"{base}/instances/{quote(instance, safe='')}"
    return {
        "id": instance,
        "statusQueryGetUri": f"{here}?{query}",
        "sendEventPostUri": f"{here}/raiseEvent/{{eventName}}?{query}",
        "terminatePostUri": f"{here}/terminate?reason={{text}}&{query}",
        "rewindPostUri": f"{here}/rewind?reason={{text}}&{query}",
        "purgeHistoryDeleteUri": f"{here}?{query}",
        "restartPostUri": f"{here}/restart?{query}",
        "suspendPostUri": f"{here}/suspend?reason={{text}}&{query}",
        "resumePostUri": f"{here}/resume?reason={{text}}&{query}",
    }


def check_status(base: str, instance: str, query: str) -> dict[str, str]:
    """Return the body of the answer to a start."""
    urls = management_urls(base, instance, query)
    return {"id": instance} | {name: urls[name] for name in _ANSWERED}


def hub_query(hub_name: str, code: str) -> str:
    """Return the query string that every link carries."""
    key = f"&code={code}" if code else ""
    return f"taskHub={hub_name}&connection=Storage{key}"


@lru_cache(maxsize=16)
def client_payload(hub_name: str, webhook_base: str, rpc_base: str, key: str) -> str:
    """Return what a durable client binding gets, as JSON."""
    base, create = webhook_base.rstrip("/"), "orchestrators/{functionName}[/{instanceId}]"
    wait = "timeout={timeoutInSeconds}&pollingInterval={intervalInSeconds}"
    return json.dumps(
        {
            "taskHubName": hub_name,
            "connectionName": None,
            "creationUrls": {
                "createNewInstancePostUri": f"{base}/{create}?code={key}",
                "createAndWaitOnNewInstancePostUri": f"{base}/{create}?{wait}&code={key}",
            },
            "managementUrls": management_urls(base, INSTANCE_PLACEHOLDER, hub_query(hub_name, key)),
            "baseUrl": base,
            "requiredQueryStringParameters": f"code={key}",
            "rpcBaseUrl": rpc_base.rstrip("/") + "/",
        }
    )
