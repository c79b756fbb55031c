"""A shop charges a card at a bank, over a network that can lose a request or an answer."""

from workshop.simulator import NoAnswer, Service

# bank.call("charge", payment, cents)  takes the money and answers "charged";
#                                      "cancelled" when the payment was cancelled before.
#                                      Called twice, it takes the money twice.
# bank.call("find", payment)           "charged", "cancelled" or "unknown": as it is now.
# bank.call("cancel", payment)         "cancelled": it will never be charged; or "charged": too late.
#
# Each of them may raise NoAnswer. A request without an answer can still arrive later.


async def pay(bank: Service, payment: str, cents: int) -> str:
    """Return what the shop tells Ann: "paid" or "not paid"."""
    try:
        answer = await bank.call("charge", payment, cents)
    except NoAnswer:
        return "not paid"
    return "paid" if answer == "charged" else "not paid"
