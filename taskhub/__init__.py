"""The durable client behind a port with typed failures."""
