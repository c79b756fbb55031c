"""The log on an event hub: each entry once, or, after a crash, again and identically."""
