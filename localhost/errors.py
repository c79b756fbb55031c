"""The one exception that ends the host before it serves: what is wrong, in one line."""


class StartError(Exception):
    """The host cannot start. `str` of it is one line for a person; `detail` may precede it."""

    def __init__(self, message: str, detail: str = "") -> None:
        super().__init__(message)
        self.detail = detail
        """Lines that help to find the place, for example the useful part of a traceback."""


class HostError(StartError):
    """What the real host refuses: it runs on in state Error and answers everything with 503."""
