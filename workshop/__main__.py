"""Commands: companion, exercise N|final, check."""

import argparse
import sys

from tools import stopping
from workshop import final, suite
from workshop.answers import Answers
from workshop.catalogue import Exercise, find
from workshop.companion import Companion
from workshop.report import check_answer, check_solution, introduction


def main() -> int:
    """Return the exit status: 0 when it passed, 1 when it did not, 2 for a wrong call."""
    parser = argparse.ArgumentParser(prog="python -m workshop")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("companion")
    check = commands.add_parser("check")
    check.add_argument("number", type=int, nargs="?")
    exercise = commands.add_parser("exercise")
    exercise.add_argument("number")
    exercise.add_argument("--solution", action="store_true")
    exercise.add_argument("--answer", default="")
    arguments = parser.parse_args()
    if arguments.command == "check":
        return suite.run(arguments.number)
    if arguments.command == "companion":
        Companion(Answers()).run()
        return 0
    if arguments.number == "final":
        return final.run(arguments.answer, solution=arguments.solution)
    if not arguments.number.isdecimal():
        parser.error(f"N is the number of an exercise, or final; not {arguments.number!r}")
    try:
        found = find(int(arguments.number))
    except LookupError as error:
        parser.error(str(error))
    return run(found, Answers(), solution=arguments.solution)


def run(exercise: Exercise, answers: Answers, *, solution: bool) -> int:
    """Open one exercise: story, question, verdict."""
    if solution:
        print(f"{exercise.solution.read_text(encoding='utf-8')}\n")
        passed, text = check_solution(exercise)
    else:
        print(f"{introduction(exercise, answers.file(exercise))}\n")
        passed, text = check_answer(exercise, answers)
    print(text)
    return 0 if passed else 1


if __name__ == "__main__":
    # The companion has the keyboard of the terminal, and gives it back by itself.
    sys.exit(main() if sys.argv[1:2] == ["companion"] else stopping.run(main))
