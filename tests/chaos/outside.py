"""The same clients against any app that runs, wherever it does: nobody is killed by us.

Keys are drawn that nobody uses. What clients saw is written and judged as any history.
"""

from pathlib import Path
from typing import Final

from tests.chaos import judge
from tests.chaos.traffic import Traffic
from tests.chaos.verdict import canonical, name_of, repeated
from tests.e2e.client import Client, unused_key

KEYS: Final = 5


def observe(base_url: str, history: Path, requests: int, function_key: str | None = None) -> str:
    """Send at least so many requests; return what was seen. Raises AssertionError when the history
    is not that of a log for each key.

    Writes `history`.edn and `history`.jsonl. `function_key` opens the app's HTTP functions.
    """
    client = Client(base_url, function_key)
    keys = [unused_key() for _ in range(KEYS)]
    traffic = Traffic([base_url], keys, producers=0, function_key=function_key)
    with traffic:
        traffic.wait_for_answers(requests)
    names = name_of(repeated(client, traffic.requests))
    traffic.read_all(client)
    traffic.history.write(history, lambda entry: names.get(canonical(entry), "of nobody"))
    operations = list(judge.read(history.with_name(f"{history.name}.jsonl")))
    wrong = judge.problems(operations)
    assert not wrong, "\n".join(wrong[:10])
    return f"{len(operations):,} operations of a history that is linear"
