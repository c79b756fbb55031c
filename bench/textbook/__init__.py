"""The textbook app as it was measured on the real host, for `make bench ARGS=calibrate`."""
