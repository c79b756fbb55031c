"""Requests out of an event hub: a batch returns only when every event is where it belongs."""
