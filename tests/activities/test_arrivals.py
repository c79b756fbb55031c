import pytest

from activities.arrivals import Arrivals
from todos import Todo

TODO = Todo(7, 42, "Buy milk")


async def test_everybody_who_waits_for_a_request_is_woken() -> None:
    arrivals = Arrivals()
    with arrivals.expect(7, "a") as one, arrivals.expect(7, "a") as other:
        arrivals.announce("a", TODO)
        assert await one == await other == TODO


async def test_nobody_else_is_woken() -> None:
    arrivals = Arrivals()
    with arrivals.expect(7, "b") as other_request, arrivals.expect(8, "a") as other_project:
        arrivals.announce("a", TODO)
        assert not other_request.done()
        assert not other_project.done()


async def test_a_second_announcement_changes_nothing() -> None:
    arrivals = Arrivals()
    with arrivals.expect(7, "a") as arrival:
        arrivals.announce("a", TODO)
        arrivals.announce("a", TODO)
        assert arrival.result() == TODO


async def test_what_nobody_expects_is_not_remembered() -> None:
    arrivals = Arrivals()
    arrivals.announce("a", TODO)
    with arrivals.expect(7, "a") as arrival:
        assert not arrival.done()


async def test_who_leaves_is_forgotten_and_the_others_are_not() -> None:
    arrivals = Arrivals()
    with arrivals.expect(7, "a") as stays:
        with arrivals.expect(7, "a") as leaves:
            pass
        arrivals.announce("a", TODO)
        assert leaves.cancelled()
        assert stays.result() == TODO
    assert arrivals._waiting == {}


async def test_an_exception_forgets_as_well() -> None:
    arrivals = Arrivals()
    with pytest.raises(ValueError, match="no"), arrivals.expect(7, "a"):
        raise ValueError("no")
    assert arrivals._waiting == {}
