"""How large the values of a domain may become, whatever it is about."""

from typing import Final

BODY_BYTES_MAX: Final = 64 * 1024
"""One request as it comes: over HTTP, as an item of a batch, as an event."""

JSON_CHARACTERS_MAX: Final = 16_000
"""Canonical JSON of a payload, an output, a state. At most 32,000 UTF-16 units each, and a property
of Table Storage holds 32,768."""

DEPTH_MAX: Final = 16
"""Arrays and objects within each other, in a member of any type."""

INTEGER_MAX: Final = 2**53 - 1
"""What every JSON library reads as it was written (RFC 7493, section 2.2); the least is minus
that."""

DIGITS_MAX: Final = 20
"""Longer integers are out of every range; converting 5,000 digits would be work for nothing."""

BATCH_ITEMS_MAX: Final = 1_000

BATCH_BODY_BYTES_MAX: Final = 4 * 1024 * 1024

PLACE_MAX: Final = 2_147_483_647
"""The last place of a log (signed 32 bit)."""
