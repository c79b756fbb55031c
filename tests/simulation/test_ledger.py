"""What the ledger sees that no table shows, and that nothing else in a history would tell."""

from dataclasses import replace
from typing import Final

import pytest

from store.ports.records import Answered, Entry, Head, Request
from tests.simulation.ledger import Broken, Ledger, Violation
from tests.simulation.samples import SAMPLES
from tests.simulation.tables import Tables
from tests.simulation.world import BEGINNING

ONE: Final = Request("7", "r", SAMPLES.payloads[0])
OTHER: Final = replace(ONE, payload=SAMPLES.payloads[1])


def a_ledger() -> Ledger:
    return Ledger(SAMPLES.decider, lambda: 0.0, lambda _name: False)


def broken(ledger: Ledger, tables: Tables) -> Broken:
    with pytest.raises(Violation) as caught:
        ledger.check(tables)
    return caught.value.broken


def entry_of(request: Request, place: int = 1) -> Answered:
    folded = SAMPLES.decider.fold(request.payload, place, None)
    entry = Entry(place, request.id, folded.version, folded.output, folded.refused)
    return Answered(entry, request.payload)


def log_it(tables: Tables, answered: Answered) -> None:
    state = SAMPLES.decider.fold(ONE.payload, 1, None).state
    tables.append("7", tables.rows("7").head, Head(1, state, None), [answered])


def test_two_contents_of_one_id_are_not_both_accepted() -> None:
    ledger, tables = a_ledger(), Tables()
    for each in (ONE, OTHER):
        ledger.sent(each)
    ledger.accepted(ONE)
    ledger.accepted(OTHER)  # it has replaced the other one in the inbox
    tables.put("7", [OTHER], BEGINNING)
    assert broken(ledger, tables) is Broken.OTHER


def test_two_entries_are_not_shown_for_one_request() -> None:
    ledger = a_ledger()
    ledger.sent(ONE)
    ledger.shown(ONE, entry_of(ONE).entry)
    ledger.shown(ONE, replace(entry_of(ONE).entry, place=2))
    assert broken(ledger, Tables()) is Broken.SHOWN


def test_nothing_comes_of_what_was_turned_away() -> None:
    ledger = a_ledger()
    tables = Tables(ledger.changed)
    ledger.sent(ONE)
    log_it(tables, entry_of(ONE))
    ledger.check(tables)  # it is under way: nobody was told anything
    tables = Tables(ledger.changed)
    ledger = a_ledger()
    ledger.sent(ONE)
    ledger.turned_away(ONE)
    log_it(tables, entry_of(ONE))
    ledger.changed("7")
    assert broken(ledger, tables) is Broken.INVENTED


def test_output_that_the_function_does_not_make_is_noticed() -> None:
    ledger = a_ledger()
    tables = Tables(ledger.changed)
    ledger.sent(ONE)
    answered = entry_of(ONE)
    log_it(tables, replace(answered, entry=replace(answered.entry, output="{}")))
    assert broken(ledger, tables) is Broken.FOLDED


def test_entry_that_changes_is_noticed() -> None:
    ledger = a_ledger()
    tables = Tables(ledger.changed)
    ledger.sent(ONE)
    log_it(tables, entry_of(ONE))
    ledger.check(tables)
    rows = tables.rows("7")
    rows.entries[1] = replace(rows.entries[1], version=2)
    ledger.changed("7")
    assert broken(ledger, tables) is Broken.CHANGED
