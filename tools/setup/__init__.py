"""What the Makefile runs to set up a fresh clone."""
