"""The instruments. They cost next to nothing until `telemetry.export` gives them a reader.

Ages and depths are histograms, not gauges: what alarms is the worst of a minute, and a gauge of an
instance that no longer runs the timer would show its last value for ever.

No attribute has a value that a caller chooses: a metric is a time series per combination of its
attributes, and one per project or request would be none at all.
"""

from typing import Final

from opentelemetry import metrics

_METER: Final = metrics.get_meter("todos")

ACCEPTED: Final = _METER.create_counter(
    "todos.requests.accepted", "{request}", "Requests that were put into the inbox"
)
DUPLICATES: Final = _METER.create_counter(
    "todos.requests.duplicates",
    "{request}",
    "Repeats that made nothing new; `found_in` is where the first was: `log` or `inbox`",
)
REFUSED: Final = _METER.create_counter(
    "todos.requests.refused", "{request}", "Requests that can never be accepted, by `reason`"
)
CREATED: Final = _METER.create_counter("todos.created", "{todo}", "TODOs written to the log")
DEAD: Final = _METER.create_counter(
    "todos.events.dead", "{event}", "Events that became dead letters, by `code`"
)
CONFLICTS: Final = _METER.create_counter(
    "todos.conflicts.settled",
    "{transaction}",
    "Appends without a confirmation; `written` says what a look into the log showed",
)
CORRECTED: Final = _METER.create_counter(
    "todos.ids.corrected", "{todo}", "TODOs whose id is not the one that the entity meant"
)
PUBLISHED: Final = _METER.create_counter(
    "todos.published", "{todo}", "TODOs sent to the output hub, repeats after a crash included"
)
OUTBOX_DEPTH: Final = _METER.create_histogram(
    "todos.outbox.depth", "{request}", "Requests in the outbox of an entity, at each look at one"
)
INBOX_OLDEST: Final = _METER.create_histogram(
    "todos.inbox.oldest",
    "s",
    "Age of the oldest accepted request that is not in the log; 0 when the sweeper finds none",
)
INBOX_WAITING: Final = _METER.create_histogram(
    "todos.inbox.waiting", "{request}", "Requests that the last sweep took up"
)
PUBLISH_LAG: Final = _METER.create_histogram(
    "todos.publish.lag", "s", "For how long the project that is furthest behind has been behind"
)
PUBLISH_BEHIND: Final = _METER.create_histogram(
    "todos.publish.behind", "{project}", "Projects with TODOs that could not be published"
)
