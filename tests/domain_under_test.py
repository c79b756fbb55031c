"""The domain that the suite is run with: TODOs, or the one whose module EO_DOMAIN names.

`make test DOMAIN=examples.invoices` sets it. Tests of the engine take keys and payloads from here;
what only TODOs promise is marked `todos`, and deselected for any other domain.
"""

import os
from collections.abc import Hashable
from functools import cache
from random import Random
from typing import Any, Final

import msgspec

from domain.decider import Decider
from domain.domain import AnyDomain
from domain.samples import Samples, key_of
from domain.wire import Wire
from tools.domains import load_domain

TODOS: Final = "todos"
MODULE: Final = os.environ.get("EO_DOMAIN") or TODOS
DOMAIN: Final[AnyDomain] = load_domain(MODULE)
DECIDER: Final = Decider(DOMAIN)
WIRE: Final = Wire(DOMAIN)

_samples: Final = Samples(DOMAIN, Random(1))


@cache
def nth_key(number: int) -> str:
    """The key with a number from 1: of TODOs, project 7 is `nth_key(7)`."""
    return key_of(DOMAIN, number - 1)


KEY: Final = nth_key(7)
OTHER_KEY: Final = nth_key(8)


@cache
def payload(content: Hashable = None) -> str:  # noqa: ARG001 - the cache tells them apart
    """Canonical JSON of a request: the same for the same content, another one for any other."""
    return _samples.payload()


def body(key: str, payload: str) -> dict[str, Any]:
    """The JSON of a POST."""
    return {DOMAIN.key.name: WIRE.key_value(key), **msgspec.json.decode(payload)}
