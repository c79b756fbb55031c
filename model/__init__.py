"""The protocol in TLA+, and what TLC has to say about it: see README.md."""
