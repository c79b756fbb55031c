"""The engine as Durable SDK 2.x speaks to it: work items as protobuf, clients over gRPC.

Storage, queues, messages, histories and commits are those of the engine (`localhost.taskhub`).
What differs is here: an episode, whose replay is the SDK's (`orchestrator`, with `history` and
`turn`), `entities`, `activities`, and what durable clients ask for (`service`). Built from the
source of the extension (`TaskHubGrpcServer`, `OutOfProcMiddleware`, `ProtobufUtils`); nothing was
recorded.

Needs `durabletask`, which SDK 2.x brings along: imported only for an app that has it.
"""

from localhost.taskhub.parts import Parts
from localhost.taskhub.protobuf.activities import ProtobufActivities
from localhost.taskhub.protobuf.entities import ProtobufEntities
from localhost.taskhub.protobuf.orchestrator import ProtobufOrchestrator
from localhost.taskhub.protobuf.service import serving

__all__ = ["PARTS", "serving"]

PARTS = Parts(ProtobufOrchestrator, ProtobufEntities, ProtobufActivities)
