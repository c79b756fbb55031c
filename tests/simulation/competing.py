"""Many processes on one key at once, and half of what they read is never committed."""

from typing import Final

from tests.simulation.faults import Fault
from tests.simulation.history import Profile
from tests.simulation.placements import SEVERAL

COMPETING: Final = Profile(
    placements=(SEVERAL,),
    keys=(1,),
    slow_shares=(0.3,),
    rates=(("outbox.emit", Fault.TWICE, 1.0), ("hub.order", Fault.DIRTY, 0.5)),
)
