"""The parts of one domain in one process, as the triggers use them."""

from dataclasses import dataclass

from activities.drain import Drains
from activities.emit import Emitter
from activities.hand_over import HandOver
from domain.domain import AnyDomain
from domain.wire import Wire
from intake.accept import Intake
from store.ports.store import Store
from taskhub.durable import HubOf
from telemetry.decisions import Decisions


@dataclass(frozen=True, slots=True)
class Engine:
    """One domain."""

    domain: AnyDomain
    wire: Wire
    store: Store
    tell: Decisions
    intake: Intake
    emitter: Emitter
    drains: Drains
    hand_over: HandOver
    hub_of: HubOf
    """Makes a hub of what the binding of a durable client gives an invocation."""
    publishes: bool = False
    """Whether the log goes to an output hub."""
