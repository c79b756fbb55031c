"""Which version of an app may run an orchestration: `versionMatchStrategy` CurrentOrOlder."""


def is_newer(version: str | None, default: str | None) -> bool:
    """Whether an orchestration is of a newer version than the app, and so must wait for it."""
    return bool(version) and (not default or _parts(version) > _parts(default))


def _parts(version: str | None) -> tuple[tuple[int, str], ...]:
    parts = (version or "").split(".")
    return tuple((int(part), "") if part.isdecimal() else (-1, part) for part in parts)
