"""The textbook app, to be run by `make textbook`."""
