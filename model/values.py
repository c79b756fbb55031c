"""Values, as TLA+ writes them."""

from collections.abc import Mapping, Sequence

Value = int | str | bool | None | Sequence["Value"] | frozenset[str] | Mapping[str, "Value"]


def to_tla(value: Value) -> str:
    """Write a value: text, numbers, sequences, sets, records; None is the model's own None."""
    match value:
        case None:
            written = "None"
        case bool():
            written = str(value).upper()
        case int():
            written = str(value)
        case str():
            written = _text(value)
        case frozenset():
            written = "{" + ", ".join(sorted(map(to_tla, value))) + "}"
        case Mapping():
            fields = (f"{name} |-> {to_tla(each)}" for name, each in value.items())
            written = "[" + ", ".join(fields) + "]"
        case _:
            written = "<<" + ", ".join(map(to_tla, value)) + ">>"
    return written


def _text(value: str) -> str:
    """TLC reads ASCII; the rest is written by number, so that different texts stay different."""
    plain = "".join(each if " " <= each < "~" else f"~{ord(each):x}~" for each in value)
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'
