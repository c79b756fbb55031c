"""Copies a store into files, and puts a copy back into an empty store."""
