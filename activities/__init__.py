"""From the outbox of an entity to the log: where an id becomes true."""
