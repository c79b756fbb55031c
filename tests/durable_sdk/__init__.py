"""The installed Durable SDK's own handlers, for tests that run functions without a host.

1.x gets JSON, 2.x protobuf; both decide what `localhost` makes of their answers, which is tested
there.
"""

from tests.durable_sdk.port import Decide, Moment, RunBatch, decide_of, run_batch_of

__all__ = ["Decide", "Moment", "RunBatch", "decide_of", "run_batch_of"]
