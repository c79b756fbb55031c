"""The instruments of one domain. They cost next to nothing until `telemetry.export` reads them.

Ages and depths are histograms, not gauges: what alarms is the worst of a minute, and a gauge of an
instance that no longer runs the timer would show its last value for ever.

No attribute has a value that a caller chooses: a metric is a time series per combination of its
attributes, and one per key or request would be unbounded.
"""

from opentelemetry import metrics


class Metrics:
    """Named after the domain: `invoice.requests.accepted`, `invoice.created` and so on."""

    def __init__(self, domain: str) -> None:
        """Make the instruments of the domain with this name."""
        meter = metrics.get_meter(domain)

        def counter(name: str, unit: str, meaning: str) -> metrics.Counter:
            return meter.create_counter(f"{domain}.{name}", unit, meaning)

        def histogram(name: str, unit: str, meaning: str) -> metrics.Histogram:
            return meter.create_histogram(f"{domain}.{name}", unit, meaning)

        self.accepted = counter(
            "requests.accepted", "{request}", "Requests that were put into the inbox"
        )
        self.duplicates = counter(
            "requests.duplicates",
            "{request}",
            "Repeats that made nothing new; `found_in` is where the first was: `log` or `inbox`",
        )
        self.refused = counter(
            "requests.refused", "{request}", "Requests that can never be accepted, by `reason`"
        )
        self.created = counter("created", "{entry}", "Entries written to the log")
        self.last_resort = counter(
            "last_resort",
            "{request}",
            "Requests appended though the entity did not list them; `waited_for` says whether a"
            " caller was waiting",
        )
        self.dead = counter("dead", "{letter}", "Dead letters, by `code`")
        self.conflicts = counter(
            "conflicts",
            "{transaction}",
            "Appends without a confirmation; `written` says what a look into the log showed",
        )
        self.published = counter(
            "published", "{entry}", "Entries sent to the output hub, repeats after a crash included"
        )
        self.outbox_depth = histogram(
            "outbox.depth", "{request}", "Requests in the outbox of an entity, at each look at one"
        )
        self.inbox_oldest = histogram(
            "inbox.oldest",
            "s",
            "Age of the oldest accepted request that a sweep found; 0 when it finds none",
        )
        self.inbox_waiting = histogram(
            "inbox.waiting", "{key}", "Keys with requests that a sweep took up"
        )
        self.publish_lag = histogram(
            "publish.lag", "s", "For how long the key that is furthest behind has been behind"
        )
        self.publish_behind = histogram(
            "publish.behind", "{key}", "Keys with entries that could not be published"
        )
        self.purge_failures = counter("purge.failures", "{run}", "Runs of the purge that failed")
