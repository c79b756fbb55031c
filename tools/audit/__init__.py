"""Proves from storage alone that every log is what the app promises."""
