"""The composition root: from the declarations of domains to a Functions app.

For each domain it builds one set of parts, and registers their functions. Sets meet in nothing but
the process (`_Process`), the timers and the task hub. `function_app.py` is what the author of a
domain writes.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from random import Random

import azure.durable_functions as df
import azure.functions as func

from activities.drain import Drains
from activities.emit import Emitter
from activities.hand_over import HandOver
from concurrency.turns import Turns
from domain.decider import Decider
from domain.domain import AnyDomain
from domain.names import check_together
from domain.wire import Wire
from intake.accept import Intake
from intake.sweep import Sweeper
from publishing.catch_up import CatchUpPublisher
from publishing.connection import Connection
from publishing.live import LivePublisher
from publishing.marking_log import MarkingLog, MarkingStore
from publishing.open import open_producer
from publishing.publisher import Parts, Publisher
from settings.app import Settings, period_seconds
from settings.host_json import HostJson
from store.open import open_store
from store.ports.store import Store
from taskhub.durable import hub_of
from telemetry import export
from telemetry.decisions import Decisions
from triggers import durable, timers
from triggers.engine import Engine
from triggers.events import trigger as events
from triggers.events.receive import Receiver
from triggers.http import routes


def effectively_once(*domains: AnyDomain, environ: Mapping[str, str] = os.environ) -> df.DFApp:
    """Return the app that serves these domains.

    Raises ValueError, with one sentence that names what is wrong, for domains that would meet
    (names of routes, tables, entities), for settings, and for host.json.
    """
    check_together(domains)
    # SDK 1.x otherwise builds whatever loaded class the JSON of an input names in `__class__`.
    os.environ.setdefault("AZURE_FUNCTIONS_DURABLE_STRICT_TYPING", "1")
    host_json = HostJson.read(Path("host.json"), environ)
    host_json.check_concurrency()
    host_json.check_task_hub()
    export.start(host_json.log_level(), environ)
    settings = Settings.read(environ, [each.plural for each in domains])
    if hubs := settings.hubs():
        Connection.read(environ, hubs)  # the trigger's too, which nobody else checks

    app = df.DFApp(http_auth_level=func.AuthLevel.FUNCTION)
    engines: list[Engine] = []
    publishers: list[CatchUpPublisher] = []
    process = _Process(len(domains), Turns())
    for domain in domains:
        store = open_store(settings.store, domain.plural, environ, first=not engines)
        tell = Decisions(domain.name)
        events_hub = settings.events_hubs.get(domain.plural)
        if events_hub is None:
            engine = _engine(domain, store, tell, process)
        else:
            engine, publisher = _published(domain, store, tell, process, events_hub, environ)
            publishers.append(publisher)
        engines.append(engine)
        _register(app, engine, settings)
    app.register_functions(routes.blueprint(engines, period_seconds(settings.sweep_schedule)))
    seconds = host_json.timeout_seconds()
    swept = [_swept(each) for each in engines]
    app.register_functions(timers.blueprint(settings, seconds, swept, publishers, _now))
    return app


@dataclass(frozen=True, slots=True)
class _Process:
    """What the domains of a process have to share."""

    domains: int
    turns: Turns
    """On the event loop, for work on many items."""


def _engine(
    domain: AnyDomain, store: Store, tell: Decisions, process: _Process, *, publishes: bool = False
) -> Engine:
    decider = Decider(domain)
    names = durable.names_of(domain.entity, domain.plural)
    emitter = Emitter(store, decider, tell, _now, process.domains)
    return Engine(
        domain=domain,
        wire=Wire(domain),
        store=store,
        tell=tell,
        intake=Intake(store, decider, tell, _now, process.turns),
        emitter=emitter,
        drains=Drains(store.inbox, emitter, tell, _now, process.domains),
        hand_over=HandOver(tell, process.domains),
        hub_of=partial(hub_of, entity=names.entity, orchestration=names.orchestration),
        publishes=publishes,
    )


def _published(
    domain: AnyDomain,
    store: Store,
    tell: Decisions,
    process: _Process,
    hub: str,
    environ: Mapping[str, str],
) -> tuple[Engine, CatchUpPublisher]:
    """Build the engine on a log whose appends are published, and what makes that a promise."""
    producer = open_producer(hub, environ)
    parts = Parts(store.log, store.publications, producer, Wire(domain).shown, tell)
    publisher = Publisher(parts)
    live = LivePublisher(publisher, tell)
    log = MarkingLog(store.log, store.publications, _now, live.appended)
    engine = _engine(domain, MarkingStore(store, log), tell, process, publishes=True)
    catch_up = CatchUpPublisher(
        log=store.log,
        publications=store.publications,
        publisher=publisher,
        tell=tell,
        now=_now,
        rng=Random(),  # noqa: S311 - draws an order
        fenced=engine.emitter.fenced,
    )
    return engine, catch_up


def _register(app: df.DFApp, engine: Engine, settings: Settings) -> None:
    domain = engine.domain
    names = durable.names_of(domain.entity, domain.plural)
    app.register_functions(durable.blueprint(names, engine))
    if hub := settings.requests_hubs.get(domain.plural):
        receiver = Receiver(engine, _now, hub)
        group = settings.requests_consumer_group
        name = f"events_{domain.plural}"
        app.register_functions(events.blueprint(name, receiver, hub, group, engine.hub_of))


def _swept(engine: Engine) -> timers.Swept:
    rng = Random()  # noqa: S311 - draws an order
    sweeper = Sweeper(engine.store.inbox, engine.drains, engine.tell, _now, rng)
    return timers.Swept(sweeper, engine.store, engine.hub_of, engine.tell)


def _now() -> datetime:
    return datetime.now(UTC)
