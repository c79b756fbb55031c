"""Checks in storage that the logs are consistent: 1..n, one entry per request, outputs recomputed.

It cannot see what storage does not hold: an answer whose request is gone, an entry as it was
before, a tail that was removed together with the head.
"""
