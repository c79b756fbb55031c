"""Commands for operators and developers, run as `python -m tools.<name>`."""
