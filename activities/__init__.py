"""From the order of an entity to the log: where an id becomes true."""
