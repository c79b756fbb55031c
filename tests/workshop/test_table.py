"""A table refuses what a database would refuse, and then changes nothing."""

import pytest

from workshop.simulator import Conflict, Insert, Put, Table, TooLarge, Update, World


@pytest.mark.parametrize("change", [Update("a", 2, 99), Insert("a", 2)])
def test_conflict_in_a_transaction_changes_nothing(change: Update | Insert) -> None:
    table = Table(World(), "t")
    table.apply([Put("a", 1)])
    with pytest.raises(Conflict):
        table.apply([Put("b", 1), change])
    assert table.values() == {"a": 1}


def test_transaction_over_two_partitions_is_refused() -> None:
    table = Table(World(), "t", partitioned=True)
    with pytest.raises(TooLarge):
        table.apply([Put("ann/balance", 1), Put("bob/balance", 1)])
    assert not table.rows
