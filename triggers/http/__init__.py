"""The HTTP contract, for any number of domains.

Reading on: `routes` says which call is which function, `writing` asks for entries, `reading` looks,
`problems` is every other answer, `openapi` describes all of it.
"""
