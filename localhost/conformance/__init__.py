"""Holds this host against the recorded answers of the real one: `make conformance`."""
