"""A small deterministic simulator: every order of effects, and a fault between any two of them.

`world` runs tasks, `table`, `queue`, `service`, `entity` and `clock` are what tasks act on,
`explore` chooses the histories, `history` and `diagram` show the one that breaks a promise.
"""

from workshop.simulator.effect import Conflict, Effect, Failure, NoAnswer
from workshop.simulator.entity import Entity
from workshop.simulator.process import Faults
from workshop.simulator.queue import Memory, Message, Queue
from workshop.simulator.service import Service
from workshop.simulator.table import Change, Delete, Insert, Put, Row, Table, TooLarge, Update
from workshop.simulator.world import World

__all__ = [
    "Change",
    "Conflict",
    "Delete",
    "Effect",
    "Entity",
    "Failure",
    "Faults",
    "Insert",
    "Memory",
    "Message",
    "NoAnswer",
    "Put",
    "Queue",
    "Row",
    "Service",
    "Table",
    "TooLarge",
    "Update",
    "World",
]
