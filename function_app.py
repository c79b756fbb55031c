"""The app: TODOs, numbered within their project, effectively once."""

from effectively_once import effectively_once
from todos import TODOS

app = effectively_once(TODOS)
