"""A Functions host for this machine: runs an unmodified `function_app.py` through the real SDKs.

For development and tests only, never shipped. It imports the app; the app never imports it.
Start it with `python -m localhost`; `host.py` shows what it consists of. What it imitates, with
sources, is in docs/change/host-protocol.md, whose sections are cited here as "host-protocol 7.2".
"""
