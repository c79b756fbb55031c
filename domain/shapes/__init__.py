"""What the annotations of a domain say, made into values that read, write and describe JSON.

A shape reads what `domain.strict_json` lets through, and tells every error with its pointer; it
writes a value of the domain's own, and refuses one that is not of its annotation.
"""
