"""The Durable Task engine of our host: orchestrations, entities and activities in one SQLite file.

It behaves, as seen from an app, like the Durable Task extension on its Azure Storage provider:
the same HTTP API, the same replay, and the same order of writes with the same gaps between them.

Read it as a message travels: `rpc` and the two `..._api` (HTTP) → `management` (what clients
ask for) → `mailboxes` (who runs when) → `entities`, `orchestrations` with `inbox`, `episode` and
`replay`, `activities` (the work items) → `commit` (the four steps to disk). `hub` puts them
together; `faults` says where it can be killed.
"""

from localhost.taskhub.faults import FaultPlanError, Faults
from localhost.taskhub.hub import TaskHub
from localhost.taskhub.options import HubOptions, Overridable
from localhost.taskhub.schema import HubFileError
from localhost.taskhub.worker_port import FunctionFailed, Worker, WorkerDied

__all__ = [
    "FaultPlanError",
    "Faults",
    "FunctionFailed",
    "HubFileError",
    "HubOptions",
    "Overridable",
    "TaskHub",
    "Worker",
    "WorkerDied",
]
