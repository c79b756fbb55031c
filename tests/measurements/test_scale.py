"""The queue model keeps what the app keeps, and saturates where its parts say that it must."""

from pathlib import Path

import pytest

from bench.scale.clock import Clock, Server, Task
from bench.scale.model import Shape, Simulation, Times
from bench.scale.rows import SHAPES, cells, name

TIMES = Times()


def test_time_goes_on_in_the_order_of_moments() -> None:
    clock, seen = Clock(), list[tuple[str, float]]()

    def task(name: str, seconds: float) -> Task:
        for _ in range(2):
            yield clock.now + seconds
            seen.append((name, clock.now))

    clock.start(task("slow", 3.0))
    clock.start(task("quick", 2.0))
    clock.run(5.0)
    assert seen == [("quick", 2.0), ("slow", 3.0), ("quick", 4.0)]


def test_server_does_one_thing_after_the_other() -> None:
    server = Server(Clock())
    assert [server.use(2.0), server.use(1.0), server.busy] == [2.0, 3.0, 3.0]


def test_lone_request_takes_the_sum_of_its_steps() -> None:
    found = Simulation(Shape(1, 1_000, 1), TIMES).run(20.0)
    steps = 2 * TIMES.row + TIMES.transaction + TIMES.row + TIMES.listing
    assert steps < sum(found.latencies) / len(found.latencies) < 2.0 * steps
    assert found.conflicts == 0


def test_hosts_over_many_keys_are_bound_by_their_cpu() -> None:
    one, two = (Simulation(Shape(hosts, 10_000, 32), TIMES).run(1.0) for hosts in (1, 2))
    assert one.cpu_busy > 0.97
    assert two.rate == pytest.approx(2 * one.rate, rel=0.1)


def test_partition_bounds_what_a_key_can_take() -> None:
    # Two rows and a share of the head for each request, at 2,000 a second.
    slow = Times(request=0.0001, call=0.0001, listing=0.001, row=0.001, transaction=0.001)
    found = Simulation(Shape(1, 1, 400), slow).run(2.0)
    assert 0.6 * 1_000 < found.rate < 1_000


def test_account_bounds_all_keys_and_accounts_add_up() -> None:
    small = Times(account_call=1 / 200)
    one = Simulation(Shape(4, 10_000, 32), small).run(2.0)
    four = Simulation(Shape(4, 10_000, 32, accounts=4), small).run(2.0)
    assert one.account_busy > 0.95
    assert four.rate > 2.5 * one.rate


def test_two_hosts_on_one_key_meet_as_often_as_the_app_does() -> None:
    # The real code: 7 % in `bench budgets`, at most 15 % in tests/simulation/test_budgets.py.
    runs = [Simulation(Shape(2, 1, 16), TIMES, seed).run(4.0) for seed in range(3)]
    share = sum(each.conflicts for each in runs) / sum(each.appends for each in runs)
    assert 0.02 < share < 0.16


@pytest.mark.parametrize("shape", [Shape(3, 2, 8), Shape(1, 1, 40)], ids=str)
def test_every_append_but_conflicts_moves_the_head(shape: Shape) -> None:
    simulation = Simulation(shape, TIMES)
    first = simulation.run(2.0)
    moved = sum(each.version for each in simulation._keys.values())
    assert moved >= first.appends - first.conflicts > 0
    assert first.latencies == Simulation(shape, TIMES).run(2.0).latencies


PAGE = (Path(__file__).parents[2] / "docs/understand/scale.md").read_text(encoding="utf-8")


def test_page_has_a_row_for_each_shape() -> None:
    assert all(f"| {name(each)} |" in PAGE for each in SHAPES)


@pytest.mark.parametrize("shape", [e for e in SHAPES if e.hosts == 1 and e.keys < 1_000], ids=str)
def test_row_of_the_page_is_what_the_model_says(shape: Shape) -> None:
    assert f"| {' | '.join(cells(shape, 1))} |" in PAGE
