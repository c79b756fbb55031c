"""Many emitters of one project at once, and half of what they read is never committed."""

from typing import Final

from tests.simulation.faults import Fault
from tests.simulation.history import Profile

COMPETING: Final = Profile(
    instances=(5,),
    projects=(1,),
    slow_shares=(0.3,),
    rates=(("outbox.emit", Fault.TWICE, 1.0), ("hub.project", Fault.DIRTY, 0.5)),
)
