"""TLC judges the learner's module, and faulty modules judge the learner's invariants."""

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from model.java import find_or_install
from model.tlc import is_well, run_module
from workshop.simulator.history import History
from workshop.verdict import Verdict, failed

HERE: Final = Path(__file__).parent
YOURS: Final = "\\* Yours:"

CONSTANTS: Final = 'CONSTANTS Requests = {"a", "b"} Emitters = {"e1", "e2"}\nINIT Init\nNEXT Next\nCONSTRAINT Small\n'

TRUTH: Final = """
LOCAL INSTANCE TLC
TrueNoLoss == \\A r \\in Requests : r \\in inbox \\/ \\E n \\in 1..Len(log) : log[n] = r
TrueNoDuplicate == \\A m, n \\in 1..Len(log) : m = n \\/ log[m] # log[n]
SeesLoss == TrueNoLoss \\/ ~NoLoss
SeesDuplicate == TrueNoDuplicate \\/ ~NoDuplicate
Small == Len(log) <= 4
SaysWhenDone == Len(log) < 2 \\/ PrintT("both are in the log")
"""

ACTIONS: Final = frozenset({"Read", "Write", "Crash", "Clean"})
"""Without one of them a module is safe for no merit of its own."""

LOSES: Final = ("inbox \\cap Logged : inbox'", "inbox : inbox'")
"""Clean as it would lose requests: it does not look at the log."""

SAID: Final = {
    "SeesLoss": "a request is neither in the inbox nor in the log, and your NoLoss does not mind",
    "SeesDuplicate": "a request is in the log twice, and your NoDuplicate does not mind",
    "TrueNoLoss": "a request is neither in the inbox nor in the log",
    "TrueNoDuplicate": "a request is in the log twice",
    "NoLoss": "your NoLoss does not hold in your module: the module is wrong, or it says too much",
    "NoDuplicate": "your NoDuplicate does not hold in your module: which of them is wrong?",
}


@dataclass(frozen=True, slots=True)
class Found:
    """What TLC says of a module."""

    fault: str | None
    """What is broken, or what TLC does not understand."""
    history: History
    states: int
    done: bool
    """Whether a state has both requests in the log."""


def examine(file: Path) -> Verdict:
    """First the invariants, against modules that break them; then the module."""
    text = file.read_text(encoding="utf-8")
    start = (HERE / "start.tla").read_text(encoding="utf-8")
    if YOURS not in text:
        return failed(
            f"the line that begins with '{YOURS}' is gone: it divides the module", History()
        )
    if lacking := sorted(ACTIONS - set(re.findall(r"\w+", next_of(text)))):
        return failed(f"Next lacks {', '.join(lacking)}: leave the actions as they are", History())
    invariants = text.partition(YOURS)[2].rpartition("====")[0].partition("\n")[2]
    # The starting module doubles; without a look at the log in Clean it loses as well.
    wrong = start.partition(YOURS)[0].replace(*LOSES).replace(extends(start), extends(text))
    found = tlc(f"{wrong}{invariants}", "SeesLoss SeesDuplicate")
    if not found.fault:
        found = tlc(
            text.rpartition("====")[0], "TrueNoLoss TrueNoDuplicate NoLoss NoDuplicate SaysWhenDone"
        )
    if found.fault:
        return failed(found.fault, found.history)
    if not found.done:
        return failed("it is safe, and does nothing: the log never gets both requests", History())
    return Verdict(passed=True, looked=f"TLC looked at all {found.states} states of your module.")


def next_of(text: str) -> str:
    """Return the definition of the steps that there are, without comments."""
    found = re.search(
        r"^Next ==(.*?)(?=^\w+(?:\(\w+\))? ==|^$|^\\\*|^====)", text, re.MULTILINE | re.DOTALL
    )
    return re.sub(r"\\\*.*", "", found[1]) if found else ""


def extends(text: str) -> str:
    """Return the line that says which modules are used."""
    found = re.search(r"^EXTENDS .*$", text, re.MULTILINE)
    return found[0] if found else ""


def tlc(text: str, invariants: str) -> Found:
    """Check a module, given without its last line."""
    with tempfile.TemporaryDirectory(prefix="workshop-") as scratch:
        module, config = Path(scratch) / "Ledger.tla", Path(scratch) / "Ledger.cfg"
        module.write_text(f"{text}{TRUTH}====\n", encoding="utf-8")
        config.write_text(f"{CONSTANTS}INVARIANTS {invariants}\n", encoding="utf-8")
        output = run_module(find_or_install(), module, config)
    broken = re.search(r"Error: Invariant (\w+) is violated", output)
    states = re.findall(r"([\d,]+) distinct states found", output)
    count = int(states[-1].replace(",", "")) if states else 0
    fault = SAID[broken[1]] if broken else None if is_well(output) else complaint_of(output)
    return Found(fault, history_of(output), count, "both are in the log" in output)


def history_of(output: str) -> History:
    """Turn the states of an error trace into the steps between them."""
    history = History()
    before: dict[str, str] = {}
    states = re.findall(r"^State \d+: <(.+?)>\n(.*?)\n\n", output, re.MULTILINE | re.DOTALL)
    for action, body in states:
        after = variables(body)
        changed = {name: value for name, value in after.items() if before.get(name) != value}
        said = ", ".join(f"{name} = {value}" for name, value in changed.items())
        emitters = [name[5:-1] for name in changed if name.startswith("seen[")]
        verb = action.split()[0]
        if before:
            who = emitters[0] if len(emitters) == 1 else "cleaner" if verb == "Clean" else verb
            history.add(who, f"{verb}: {said}")
        before = after
    return history


def variables(state: str) -> dict[str, str]:
    """Return the variables of a state; each emitter's part of `seen` as one of its own."""
    found = {
        name: short(value)
        for name, value in re.findall(r"/\\ (\w+) = (.*?)(?=\n/\\ |\Z)", state, re.DOTALL)
    }
    parts = re.findall(r"(\w+) \|-> (-|\"\w+\" at \d+)", found.get("seen", ""))
    if parts:
        del found["seen"]
    return found | {f"seen[{emitter}]": value for emitter, value in parts}


def short(value: str) -> str:
    """Return a value as TLC prints it, on one line; records of `seen` without their field names."""
    line = " ".join(value.split()).replace('[request |-> "none", length |-> 0]', "-")
    return re.sub(r'\[request \|-> ("\w+"), length \|-> (\d+)\]', r"\1 at \2", line)


def complaint_of(output: str) -> str:
    """Return the sentence of TLC or its parser that helps most."""
    cause = re.search(r"The exception was a \S+\s*:\s*(.*?)(?=\nError:|\n\n|\Z)", output, re.DOTALL)
    if cause:
        return "TLC: " + " ".join(cause[1].split())
    lines = [line.strip() for line in output.splitlines()]
    for n, line in enumerate(lines):
        if line.startswith(("***Parse Error***", "*** Errors:", "Unknown operator", "Error:")):
            return "TLC: " + " ".join(each for each in lines[n : n + 5] if each)
    return "TLC: " + " ".join(lines[-5:])
