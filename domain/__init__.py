"""What the author of a domain writes with: a pure function, plain dataclasses, one declaration.

The engine knows domains only through `domain.decider` (JSON in, JSON out), `domain.wire` (bytes of
a stranger in, checked values out) and the names of a `Domain`. No I/O, no SDK of Azure.
"""

from msgspec import Meta

from domain.declaration import WrongDomain
from domain.domain import Domain, Key
from domain.refused import Refused
from domain.text import line

__all__ = ["Domain", "Key", "Meta", "Refused", "WrongDomain", "line"]
