"""Sharing work and places fairly: what exists for speed, and bounds."""
