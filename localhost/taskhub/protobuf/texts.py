"""Small values as protobuf has them."""

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from google.protobuf.wrappers_pb2 import StringValue

from localhost.taskhub.clock import SECOND, Microseconds


def text(value: str | None) -> StringValue | None:
    """Return a text that may be missing; an empty one is not."""
    return None if value is None else StringValue(value=value)


def text_of(message: Message, name: str) -> str | None:
    """Return such a member of a message."""
    return str(getattr(message, name).value) if message.HasField(name) else None


def timestamp(when: Microseconds) -> Timestamp:
    """Return a time."""
    seconds, fraction = divmod(when, SECOND)
    return Timestamp(seconds=seconds, nanos=fraction * 1000)


def microseconds(when: Timestamp) -> Microseconds:
    """Return a time as the hub counts it."""
    return int(when.seconds) * SECOND + int(when.nanos) // 1000
