"""What a learner's file can do to a check."""

from pathlib import Path

import pytest

from workshop import verdict
from workshop.answers import Answers
from workshop.catalogue import find
from workshop.report import check_answer


def judged(tmp_path: Path, code: str, number: int = 4) -> tuple[bool, str]:
    answers = Answers(tmp_path)
    answers.file(find(number)).write_text(code, encoding="utf-8")
    return check_answer(find(number), answers)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("async def work(orders, depot:\n", "SyntaxError"),
        ("x = 1\n", "your file has no 'work'"),
        ("raise SystemExit\n", "SystemExit"),
        (
            "async def work(orders, depot):\n    1 / 0\n",
            "ZeroDivisionError: division by zero (line 2)",
        ),
        ("def work(orders, depot):\n    return None\n", "should be `async def`?"),
        ("async def work(orders, depot):\n    await orders.receive()\n", "no parcel was sent"),
        ("async def work(orders, depot):\n    depot.put('a', 1)\n", "without `await`"),
        (
            "async def work(orders, depot):\n    send(orders)\nasync def send(orders):\n    pass\n",
            "'send' was never awaited",
        ),
    ],
)
def test_file_that_cannot_pass_is_answered_in_a_sentence(
    tmp_path: Path, code: str, said: str
) -> None:
    passed, text = judged(tmp_path, code)
    assert not passed
    assert said in text
    assert len(text.splitlines()) <= 14


def test_loop_without_await_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verdict, "SECONDS_MAX", 1)
    passed, text = judged(
        tmp_path, "async def work(orders, depot):\n    while True:\n        pass\n"
    )
    assert not passed
    assert "loop without" in text


def test_failure_leaves_a_diagram_and_success_takes_it_away(tmp_path: Path) -> None:
    exercise, answers = find(4), Answers(tmp_path)
    passed, text = check_answer(exercise, answers)
    assert not passed
    assert str(answers.diagram(exercise)) in text
    assert "CRASHES" in answers.diagram(exercise).read_text(encoding="utf-8")
    passed, text = judged(tmp_path, exercise.solution.read_text(encoding="utf-8"))
    assert passed
    assert "code: activities/emit.py" in text
    assert not answers.diagram(exercise).exists()
    assert answers.solved() == {4}
    assert answers.next_number() == 1


def test_file_saved_twice_in_a_second_is_read_twice(tmp_path: Path) -> None:
    solution = find(4).solution.read_text(encoding="utf-8")
    assert judged(tmp_path, solution)[0]
    same_size = solution.replace(
        "await orders.acknowledge(message)", "await orders.acknowledge(messege)"
    )
    assert len(same_size) == len(solution)
    assert not judged(tmp_path, same_size)[0]


def test_unreadable_progress_counts_as_none(tmp_path: Path) -> None:
    (tmp_path / "progress.json").write_text("[1, 2", encoding="utf-8")
    assert Answers(tmp_path).solved() == set()


def test_two_tries_are_not_enough_for_three_payments(tmp_path: Path) -> None:
    """Its history is longer than those of the trainer's pages may be."""
    start = find(5).start.read_text(encoding="utf-8")
    once_more = """

async def book(name, cents, bank):
    for _ in range(2):
        if await bank.get(f"booked/{name}"):
            return
        balance = await bank.read("balance")
        try:
            return await bank.transaction(
                Insert(f"booked/{name}", cents),
                Update("balance", balance.value + cents, balance.etag),
            )
        except Conflict:
            continue
"""
    passed, text = judged(tmp_path, start + once_more, 5)
    assert not passed
    assert "money is gone" in text


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("seen[e].length", "seen[e].lenght", 'nonexistent field "lenght"'),
        ("Next == Clean \\/ ", "Next == ", "Next lacks Clean"),
        (" \\/ Crash(e)\n", " \\* Crash(e)\n", "Next lacks Crash"),
    ],
)
def test_mistake_in_a_module_is_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    module = find(11).solution.read_text(encoding="utf-8")
    assert old in module
    passed, text = judged(tmp_path, module.replace(old, new), 11)
    assert not passed
    assert said in text


def test_plain_function_is_told_from_a_coroutine(tmp_path: Path) -> None:
    code = find(3).solution.read_text(encoding="utf-8")
    passed, text = judged(
        tmp_path,
        code.replace("async def accept", "def accept").replace(
            'await inbox.put(order, "accepted")', "inbox"
        ),
        3,
    )
    assert not passed
    assert "should be `async def`?" in text
