"""Durable Entities: serial per key, fast, and allowed to be wrong."""
