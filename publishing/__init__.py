"""From the log to an event hub: each TODO once, or, after a crash, again and identically."""
