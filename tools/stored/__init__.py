"""Stores as commands see them: the rows as they are, and never one created by looking."""
