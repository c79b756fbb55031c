"""Activities of SDK 2.x: one whose worker dies or takes too long runs again; with 1.x it fails."""

from typing_extensions import override

from localhost.taskhub.activities import Activities, RunAgain
from localhost.taskhub.events import Event
from localhost.taskhub.messages import ActivityTask
from localhost.taskhub.protobuf.failure import details_of
from localhost.taskhub.worker_port import FunctionFailed, FunctionTimedOut, WorkerDied


class ProtobufActivities(Activities):
    """Runs them, and keeps failures in parts, as the SDK wants them."""

    @override
    def _failed(self, activity: ActivityTask, error: FunctionFailed | WorkerDied) -> Event:
        if isinstance(error, (FunctionTimedOut, WorkerDied)):
            raise RunAgain from error
        return {**super()._failed(activity, error), "FailureDetails": details_of(error)}
