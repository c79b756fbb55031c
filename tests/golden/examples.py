"""What the golden files of messages say, as the app's own values."""

from typing import Final

from activities.emit import Missing
from entities.project import Numbered, Project
from store.port import Entry
from todos import Todo, TodoRequest

MILK: Final = TodoRequest(7, "6f1c2a4e-9d3b-4b7e-8a55-0c9e7d1f2b34", "Buy milk")
CHEESE: Final = TodoRequest(7, "todo-requests/3/17", '"Käse" \\ 🧀')
IDS: Final = [MILK.request_id, CHEESE.request_id]

STATE: Final = Project(41, (Numbered(42, MILK), Numbered(43, CHEESE)))

SETTLED_HEAD: Final = 41
SETTLED: Final = ("a", "todo-requests/3/16")

WANTED: Final = {7: IDS, 8: ["b"]}

MISSING: Final = [Missing(7, tuple(IDS), (MILK,)), Missing(8, ("b",), ())]

ENTRY: Final = Entry(CHEESE.request_id, Todo(7, 42, CHEESE.title))
