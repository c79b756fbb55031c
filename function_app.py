"""Composition root of the Azure Functions app: builds the parts, registers their functions."""

import os
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from random import Random

import azure.durable_functions as df
import azure.functions as func

from activities import outbox
from activities.arrivals import Arrivals
from activities.emit import Emitter
from activities.feed import Feed
from activities.hub import DurableHub
from activities.settlements import Settlements
from activities.windows import Windows
from entities import project
from publishing.backlog import Backlog
from publishing.connection import open_producer
from publishing.follower import Follower
from publishing.publisher import Publisher
from settings import Settings
from store.open import open_store
from telemetry import export
from triggers import event_hubs, event_publishing, http, timers
from triggers.announcer import Announcer
from triggers.concurrency import check_concurrency
from triggers.intake import Intake


def now() -> datetime:
    """Return the time in UTC."""
    return datetime.now(UTC)


# SDK 1.x otherwise builds whatever loaded class the JSON of an input names in `__class__`.
os.environ.setdefault("AZURE_FUNCTIONS_DURABLE_STRICT_TYPING", "1")

host_json = Path(__file__).with_name("host.json")
check_concurrency(host_json, os.environ)
export.start(host_json, os.environ)
settings = Settings.read(os.environ)
store = open_store(settings.store, os.environ)
arrivals = Arrivals()
windows = Windows()
announcer = Announcer(windows)
intake = Intake(store, announcer, now)
hub_of = partial(DurableHub, settlements=Settlements())

app = df.DFApp(http_auth_level=func.AuthLevel.FUNCTION)
app.register_functions(http.blueprint(store, intake, arrivals, hub_of))
app.register_functions(project.blueprint())
app.register_functions(timers.blueprint(store, announcer, settings, hub_of))

feed: Feed | None = None
if settings.events_hub:
    producer = open_producer(settings.events_hub, os.environ)
    publisher = Publisher(store.log, store.publications, producer)
    feed = Follower(publisher, store.publications, now)
    backlog = Backlog(store.log, store.publications, publisher, now, Random())  # noqa: S311
    app.register_functions(event_publishing.blueprint(backlog, settings))
app.register_functions(outbox.blueprint(Emitter(store, arrivals, feed, windows), hub_of))

if settings.requests_hub:
    app.register_functions(event_hubs.blueprint(intake, store.deadletters, settings, now, hub_of))
