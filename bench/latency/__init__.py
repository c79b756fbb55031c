"""The lone latency of an accepted, ordered and logged item, against any address."""
