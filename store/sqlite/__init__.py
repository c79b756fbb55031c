"""The store of one domain in one SQLite file: for one machine, with the same promises."""
