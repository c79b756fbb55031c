"""What was told must be true; what was not told may be either."""

from workshop.e10_oracle.start import Seen


def oracle(seen: Seen) -> str | None:
    """Say what is broken, or None. It must not complain about a program that is right."""
    return of_books(seen) or of_answers(seen)


def of_books(seen: Seen) -> str | None:
    """Say what is wrong with shelf and ledger, whatever was told."""
    if seen.left < 0:
        return "more sold than there was"
    if seen.left + len(seen.sales) != seen.stock:
        return "stock and sales do not add up"
    if len(set(seen.sales)) < len(seen.sales):
        return "somebody has bought twice"
    return None


def of_answers(seen: Seen) -> str | None:
    """Say which answer is not true."""
    for buyer, answer in seen.told.items():
        if answer == "sold" and buyer not in seen.sales:
            return f"{buyer} was told sold, and the ledger does not know it"
        if answer == "sold out" and buyer in seen.sales:
            return f"{buyer} was told sold out, and has bought"
        if answer == "sold out" and seen.left > 0:
            return f"{buyer} was told sold out, and there is one left"
    return None
