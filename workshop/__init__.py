"""Fifteen exercises, from "it lost my order" to a proof; README.md says how to begin."""
