"""The replay core on its own: ids, order, duplicates (host-protocol 5.5 and appendix A)."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from localhost.taskhub.actions import Known
from localhost.taskhub.clock import SECOND, iso
from localhost.taskhub.decisions import Decision, contradiction, decisions_in
from localhost.taskhub.events import Event, Kind, event, started
from localhost.taskhub.replay import Replay

EVERYTHING = Known(lambda _: True, lambda _: True, lambda _: True)
T0 = 1_782_900_000 * SECOND

Action = dict[str, Any]


def activity(name: str) -> Action:
    return {"actionType": 0, "functionName": name, "input": "null"}


def retry(name: str, attempts: int, interval: int = 1000) -> Action:
    options = {
        "firstRetryIntervalInMilliseconds": interval,
        "maxNumberOfAttempts": attempts,
    }
    return {"actionType": 1, "functionName": name, "input": "null", "retryOptions": options}


def timer(seconds: int, *, cancelled: bool = False) -> Action:
    return {"actionType": 5, "fireAt": iso(T0 + seconds * SECOND), "isCanceled": cancelled}


def wait(name: str) -> Action:
    return {"actionType": 6, "externalEventName": name, "reason": "ExternalEvent"}


def call(operation: str, kind: int = 7) -> Action:
    return {"actionType": kind, "instanceId": "@c@k", "operation": operation, "input": "null"}


def every(*actions: Action) -> Action:
    return {"actionType": 12, "compoundActions": list(actions)}


def either(*actions: Action) -> Action:
    return {"actionType": 11, "compoundActions": list(actions)}


def opening() -> list[Event]:
    start = started(T0, instance="i", execution="e", name="o", version=None, input_=None)
    return [event(Kind.ORCHESTRATOR_STARTED, T0), start]


def episode(after: int) -> Event:
    return event(Kind.ORCHESTRATOR_STARTED, T0 + after * SECOND)


def done(id_: int) -> Event:
    return event(Kind.TASK_COMPLETED, T0, TaskScheduledId=id_, Result="null")


def failed(id_: int) -> Event:
    return event(Kind.TASK_FAILED, T0, TaskScheduledId=id_, Reason="", Details="")


def fired(id_: int) -> Event:
    return event(Kind.TIMER_FIRED, T0, TimerId=id_, FireAt=iso(T0))


def raised(name: str) -> Event:
    return event(Kind.EVENT_RAISED, T0, Name=name, Input="1")


def replay(actions: list[Action], *events: Event, known: Known = EVERYTHING) -> Replay:
    pass_ = Replay("i", "e", actions, known, actions_max=1000)
    pass_.feed([*opening(), *events])
    return pass_


def names(pass_: Replay) -> list[tuple[int, str]]:
    return [(d.id, d.name or d.kind.name) for d in pass_.decisions]


def test_ids_are_taken_in_textual_order_before_completions() -> None:
    pass_ = replay([every(retry("a", 2), activity("b"), retry("c", 2)), activity("d")])
    assert names(pass_) == [(0, "a"), (1, "b"), (2, "c")]
    assert not pass_.finished


def test_retry_waits_on_a_timer_even_after_the_last_failure() -> None:
    """The history that host-protocol 5.7 found to work, for two attempts."""
    actions = [every(retry("a", 2, 3000)), activity("after")]
    events = [failed(0), episode(10), fired(1), failed(2)]
    pass_ = replay(actions, *events)
    kinds = [(d.id, d.kind) for d in pass_.decisions]
    assert kinds == [
        (0, Kind.TASK_SCHEDULED),
        (1, Kind.TIMER_CREATED),
        (2, Kind.TASK_SCHEDULED),
        (3, Kind.TIMER_CREATED),
    ]
    assert pass_.decisions[1].fire_at == T0 + 3 * SECOND
    assert pass_.decisions[3].fire_at == T0 + 10 * SECOND
    assert names(replay(actions, *events, fired(3)))[-1] == (4, "after")


def test_completion_without_a_waiter_is_ignored() -> None:
    pass_ = replay([activity("a"), activity("b")], done(0), done(0), done(7), fired(3))
    assert names(pass_) == [(0, "a"), (1, "b")]
    assert not pass_.finished


def test_when_all_is_done_when_all_are_even_after_a_failure() -> None:
    actions = [every(activity("a"), activity("b")), activity("c")]
    assert names(replay(actions, failed(0))) == [(0, "a"), (1, "b")]
    assert names(replay(actions, failed(0), done(1)))[-1] == (2, "c")


def test_when_any_continues_at_first_and_leaves_others_open() -> None:
    actions = [either(activity("a"), timer(60)), activity("c")]
    pass_ = replay(actions, done(0), done(2))
    assert names(pass_)[-1] == (2, "c")
    assert not pass_.finished
    assert replay(actions, done(0), done(2), fired(1)).finished


def test_a_cancelled_timer_takes_an_id_and_is_not_waited_for() -> None:
    pass_ = replay([either(timer(60, cancelled=True), wait("go")), activity("b")], done(1))
    assert names(pass_) == [(0, "TIMER_CREATED"), (1, "b")]
    assert pass_.finished


def test_waiting_takes_no_id_and_names_are_compared_without_case() -> None:
    pass_ = replay([wait("Go"), activity("a")], raised("gO"))
    assert names(pass_) == [(0, "a")]


def test_the_newest_of_several_waiters_is_served_first() -> None:
    actions = [either(wait("go"), activity("a")), wait("go"), activity("b")]
    assert names(replay(actions, done(0), raised("go"))) == [(0, "a"), (1, "b")]


def test_events_before_the_wait_are_buffered_in_their_order() -> None:
    actions = [activity("a"), wait("go"), wait("go"), activity("b")]
    assert names(replay(actions, raised("go"), raised("go"), done(0)))[-1] == (1, "b")


def test_call_waits_for_the_event_with_its_id_as_no_open_task() -> None:
    pass_ = replay([call("op"), activity("a")])
    request = pass_.decisions[0].request
    assert request is not None
    assert names(replay([call("op"), activity("a")], raised(request.id)))[-1] == (1, "a")


def test_request_ids_are_stable_in_a_replay_new_in_a_later_run() -> None:
    first, again = replay([call("a"), call("b", 9)]), replay([call("a"), call("b", 9)])
    assert first.decisions == again.decisions
    later = Replay("i", "e", [call("a")], EVERYTHING, 1000)
    later.feed([episode(5), opening()[1]])
    assert later.decisions[0].request != first.decisions[0].request


def test_messages_to_one_entity_name_the_one_before() -> None:
    pass_ = replay([call("a", 9), call("b", 9), call("c", 9)])
    requests = [d.request for d in pass_.decisions if d.request]
    assert [r.predecessor for r in requests] == [0, requests[0].sent_at, requests[1].sent_at]
    assert len({r.sent_at for r in requests}) == 3


def test_continue_as_new_carries_events_that_come_after_it() -> None:
    actions = [wait("go"), {"actionType": 4, "input": "5"}]
    pass_ = replay(actions, raised("go"), raised("go"), raised("other"))
    assert pass_.finished
    assert pass_.next_input == '"5"'
    assert [e["Name"] for e in pass_.carried] == ["go", "other"]


def test_what_this_host_does_not_know_ends_the_replay() -> None:
    pass_ = replay([activity("a"), every({"actionType": 99})], done(0))
    assert pass_.invalid
    assert pass_.finished


def test_missing_function_leaves_the_replay_waiting_for_ever() -> None:
    nothing = Known(lambda _: False, lambda _: False, lambda _: False)
    pass_ = replay([every(retry("a", 3))], known=nothing)
    assert pass_.stuck
    assert not pass_.finished


def test_a_replay_that_differs_from_history_is_noticed() -> None:
    past = decisions_in(
        [
            event(Kind.TASK_SCHEDULED, T0, 0, Name="a"),
            event(Kind.EVENT_SENT, T0, 1, InstanceId="@c@k"),
        ]
    )
    assert contradiction([_scheduled("A"), _sent("@c@k")], past) is None
    assert contradiction([_scheduled("b"), _sent("@c@k")], past) is not None
    assert contradiction([_scheduled("a"), _sent("@c@other")], past) is not None
    assert contradiction([_scheduled("a")], past) is not None


def _scheduled(name: str) -> Decision:
    return Decision(0, Kind.TASK_SCHEDULED, T0, name=name)


def _sent(target: str) -> Decision:
    return Decision(1, Kind.EVENT_SENT, T0, instance=target)


_leaves = st.one_of(
    st.builds(activity, st.sampled_from("abc")),
    st.builds(retry, st.sampled_from("abc"), st.integers(1, 3)),
    st.builds(timer, st.integers(0, 9)),
    st.builds(call, st.sampled_from(["x", "y"]), st.sampled_from([7, 9])),
)
_actions = st.lists(
    st.recursive(
        _leaves,
        lambda inner: st.lists(inner, min_size=1, max_size=3).map(lambda a: every(*a)),
        max_leaves=6,
    ),
    min_size=1,
    max_size=5,
)


@given(actions=_actions, chance=st.randoms(use_true_random=False))
@settings(max_examples=200)
def test_every_prefix_of_a_history_leads_to_the_same_decisions(
    actions: list[Action], chance: Any
) -> None:
    """Complete open tasks in any order: what was decided once is decided again, always."""
    events: list[Event] = []
    before: list[Decision] = []
    answered: set[int] = set()
    for _ in range(300):
        pass_ = replay(actions, *events)
        assert pass_.decisions[: len(before)] == before
        assert [d.id for d in pass_.decisions] == list(range(len(pass_.decisions)))
        before = pass_.decisions
        open_ = [d for d in before if d.id not in answered and _has_outcome(d)]
        if not open_:
            break
        chosen = chance.choice(open_)
        answered.add(chosen.id)
        events.append(_outcome(chosen, chance))
    assert replay(actions, *events).finished


def _has_outcome(decision: Decision) -> bool:
    return decision.request is None or not decision.request.signal


def _outcome(decision: Decision, chance: Any) -> Event:
    if decision.kind == Kind.TIMER_CREATED:
        return fired(decision.id)
    if decision.request is not None:
        return raised(decision.request.id)
    return chance.choice([done, failed])(decision.id)  # type: ignore[no-any-return]
