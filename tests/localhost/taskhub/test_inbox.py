"""Which messages an orchestration works on now, later and never (host-protocol 7.2, 7.4, 7.5)."""

from typing import Any

from localhost.taskhub.clock import SECOND
from localhost.taskhub.episode import Episode
from localhost.taskhub.events import Event, Kind, event, started, text
from localhost.taskhub.inbox import Sifted, sift
from localhost.taskhub.messages import Message
from localhost.taskhub.orchestrations import WorkItem, _show
from localhost.taskhub.runtime import History, InstanceRow

T0 = 1_782_900_000 * SECOND
PARENT = {"OrchestrationInstance": {"InstanceId": "p", "ExecutionId": "pe"}, "TaskScheduleId": 3}


def start(execution: str, parent: Event | None = None) -> Event:
    return started(
        T0, instance="i", execution=execution, name="o", version=None, input_=None, parent=parent
    )


def row(execution: str, status: str = "Running") -> InstanceRow:
    return InstanceRow("i", execution, "o", None, status, None, None, None, T0, T0)


def history(*events: Event, execution: str = "e", parent: Event | None = None) -> History:
    return History(execution, execution, events=[start(execution, parent), *events])


def scheduled(id_: int) -> Event:
    return event(Kind.TASK_SCHEDULED, T0, id_, Name="a")


def message(what: Event, execution: str | None = None) -> Message:
    return Message(0, "i", text(what), execution)


def done(id_: int, execution: str = "e") -> Message:
    return message(event(Kind.TASK_COMPLETED, T0, TaskScheduledId=id_, Result=None), execution)


def raised() -> Message:
    return message(event(Kind.EVENT_RAISED, T0, Name="go", Input="1"))


def control(kind: Kind) -> Message:
    return message(event(kind, T0, Input="", Reason=""))


ENDED = event(Kind.EXECUTION_COMPLETED, T0, OrchestrationStatus="Completed", Result=None)


def where(sifted: Sifted, it: Message) -> str:
    places: dict[str, Any] = {
        "start": [sifted.start],
        "now": sifted.now,
        "control": [sifted.control],
        "later": sifted.later,
        "rest": sifted.rest,
        "never": sifted.never,
    }
    (found,) = [name for name, messages in places.items() if it in messages]
    return found


def test_a_completion_that_overtook_its_history_is_held_back() -> None:
    early, ready = done(1), done(0)
    sifted = sift([early, ready], row("e"), history(scheduled(0)))
    assert (where(sifted, early), where(sifted, ready)) == ("later", "now")


def test_after_a_crash_start_comes_before_completion() -> None:
    finished_already, again = done(0), message(start("e"))
    sifted = sift([finished_already, again], row("e", "Pending"), None)
    assert where(sifted, again) == "start"
    assert where(sifted, finished_already) == "later"


def test_a_second_completion_is_dropped() -> None:
    first, second = done(0), done(0)
    sifted = sift([first, second], row("e"), history(scheduled(0)))
    assert (where(sifted, first), where(sifted, second)) == ("now", "never")
    known = history(scheduled(0), done(0).event)
    assert where(sift([first], row("e"), known), first) == "never"


def test_messages_for_another_execution_are_dropped() -> None:
    old = done(0, execution="the one before")
    assert where(sift([old], row("e"), history(scheduled(0))), old) == "never"


def test_event_without_execution_reaches_the_current_one() -> None:
    event_ = raised()
    assert where(sift([event_], row("e"), history()), event_) == "now"
    assert where(sift([event_], row("e", "Pending"), None), event_) == "later"
    assert where(sift([event_], row("e", "Completed"), history(ENDED)), event_) == "never"
    assert where(sift([event_], None, None), event_) == "never"
    # An id in use again: it waits for the start that the row announces.
    assert where(sift([event_], row("e2", "Pending"), history(ENDED)), event_) == "later"


def test_the_row_decides_between_two_starts() -> None:
    lost, won = message(start("e1")), message(start("e2"))
    sifted = sift([lost, won], row("e2", "Pending"), None)
    assert (where(sifted, lost), where(sifted, won)) == ("never", "start")


def test_start_in_the_history_is_a_repeat_after_continue_as_new() -> None:
    repeat = message(start("e"))
    assert where(sift([repeat], row("e"), history()), repeat) == "never"
    later_generation = History("g5", "e", events=[start("g5")])
    assert where(sift([repeat], row("e"), later_generation), repeat) == "never"


def test_a_child_started_twice_by_one_task_runs_once() -> None:
    again = message(start("c2", PARENT))
    assert where(sift([again], row("c1"), history(execution="c1", parent=PARENT)), again) == "never"
    other_task = PARENT | {"TaskScheduleId": 9}
    replacing = history(execution="c1", parent=other_task)
    assert where(sift([again], row("c1"), replacing), again) == "start"
    assert where(sift([again], None, None), again) == "start"


def test_a_control_message_is_worked_on_alone_and_in_its_turn() -> None:
    before, terminate, after = raised(), control(Kind.EXECUTION_TERMINATED), raised()
    sifted = sift([before, terminate, after], row("e"), history())
    assert [where(sifted, m) for m in (before, terminate, after)] == ["now", "control", "rest"]


def test_only_what_has_finished_can_be_rewound() -> None:
    rewind = control(Kind.EXECUTION_REWOUND)
    assert where(sift([rewind], row("e"), history()), rewind) == "never"
    assert where(sift([rewind], row("e", "Failed"), history(ENDED)), rewind) == "control"


def test_a_row_that_a_later_start_has_taken_over_is_left_alone() -> None:
    episode = Episode(history(), [start("g2")], replaces=True)
    item = WorkItem("i", row("a later start"), history(), Sifted())
    assert _show(item, episode, start("g2"), T0) == []
    item.row = row("e")
    assert len(_show(item, episode, start("g2"), T0)) == 1
