"""A task hub that notes what it is sent."""

from tests.activities.conftest import _strict_typing, server

__all__ = ["_strict_typing", "server"]
