"""A time-out says nothing; only an answer about the end does, so ask for one."""

from workshop.simulator import NoAnswer, Service


async def pay(bank: Service, payment: str, cents: int) -> str:
    """Return what the shop tells Ann: "paid" or "not paid"."""
    try:
        answer = await bank.call("charge", payment, cents)
    except NoAnswer:
        answer = await end_of(bank, payment)
    return "paid" if answer == "charged" else "not paid"


async def end_of(bank: Service, payment: str) -> str:
    """Cancel until the bank has said how the payment ended; cancelling twice does no harm."""
    while True:
        try:
            return str(await bank.call("cancel", payment))
        except NoAnswer:
            continue
