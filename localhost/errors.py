"""The one exception that ends the host before it serves: what is wrong, in one line."""


class StartError(Exception):
    """The host cannot start. `str` of it is one line for a person."""


class HostError(StartError):
    """What the real host refuses: it runs on in state Error and answers everything with 503."""
