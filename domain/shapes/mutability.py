"""Whether a function could change a value in place."""

from domain.shapes.containers import Anything, Items, Members, Optional
from domain.shapes.port import Shape
from domain.shapes.records import Record


def is_mutable(shape: Shape) -> bool:
    """Whether a list or a dict is in it: all else that is JSON is immutable, or frozen."""
    if isinstance(shape, Record):
        return any(is_mutable(each.shape) for each in shape.members)
    if isinstance(shape, Items):
        return shape.make is list or is_mutable(shape.item)
    if isinstance(shape, Optional):
        return is_mutable(shape.value)
    return isinstance(shape, Members | Anything)
