"""What the ledger sees that no table shows, and that nothing else in a history would tell."""

import pytest

from store.port import Entry
from tests.simulation.ledger import Broken, Ledger, Violation
from tests.simulation.store import Tables
from tests.simulation.world import BEGINNING
from todos import Todo, TodoRequest

MILK = TodoRequest(7, "r", "Buy milk")
OTHER = TodoRequest(7, "r", "Sell milk")


def broken(ledger: Ledger, tables: Tables) -> Broken:
    with pytest.raises(Violation) as caught:
        ledger.check(tables)
    return caught.value.broken


def test_two_contents_of_one_request_id_are_not_both_accepted() -> None:
    ledger, tables = Ledger(), Tables()
    for each in (MILK, OTHER):
        ledger.sent(each)
    ledger.accepted(MILK)
    ledger.accepted(OTHER)  # it has replaced the other one in the inbox
    tables.put(7, [OTHER], BEGINNING)
    assert broken(ledger, tables) is Broken.OTHER


def test_two_ids_are_not_shown_for_one_request() -> None:
    ledger = Ledger()
    ledger.sent(MILK)
    ledger.shown(MILK, Todo(7, 1, MILK.title))
    ledger.shown(MILK, Todo(7, 2, MILK.title))
    assert broken(ledger, Tables()) is Broken.SHOWN


def test_nothing_comes_of_what_was_turned_away() -> None:
    ledger = Ledger()
    tables = Tables(ledger.changed)
    ledger.sent(MILK)
    log_it(tables)
    ledger.check(tables)  # it is under way: nobody was told anything
    ledger.turned_away(MILK)
    assert broken(ledger, tables) is Broken.INVENTED


def test_what_was_turned_away_may_be_sent_again() -> None:
    ledger = Ledger()
    tables = Tables(ledger.changed)
    ledger.sent(MILK)
    ledger.turned_away(MILK)
    ledger.sent(MILK)
    log_it(tables)
    ledger.check(tables)


def log_it(tables: Tables) -> None:
    tables.append(7, tables.rows(7).head, 1, [Entry(MILK.request_id, Todo(7, 1, MILK.title))])
