"""Event hubs of our own: sending over HTTP, partitions in a SQLite file, and the trigger.

Seen from the app it is Azure's Event Hubs with the extension of the Functions host
(host-protocol 7.9 and 9). Read it from `hub.py` (what is kept) and `processor.py` (what is
delivered).
"""
