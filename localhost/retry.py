"""How long to wait before a function with a retry policy runs again (host-protocol 7.9)."""

from collections.abc import Iterator
from datetime import timedelta
from random import Random

from localhost.functions import RetryPolicy


def delays(policy: RetryPolicy, rng: Random) -> Iterator[timedelta]:
    """Yield the wait before each retry, endlessly for a policy without limit.

    A fixed delay stays as it is. An exponential one doubles from `delay_min` up to `delay_max`
    and is spread by 20 % either way, as the extension does, but never leaves these two bounds.
    """
    retries, delay = 0, policy.delay_min
    while policy.retries_max == -1 or retries < policy.retries_max:
        retries += 1
        if policy.delay_min == policy.delay_max:
            yield delay
            continue
        spread = delay * rng.uniform(0.8, 1.2)
        yield min(max(spread, policy.delay_min), policy.delay_max)
        delay = min(delay * 2, policy.delay_max)
