"""Closed-loop load on a running host, with every answer checked against the log."""
