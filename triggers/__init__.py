"""The ways in: HTTP, Event Hubs, timers. All share one intake."""
