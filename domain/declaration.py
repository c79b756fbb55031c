"""Why a declaration is refused. It is, at import: nothing else may notice it first."""


class WrongDomain(ValueError):
    """One sentence that names the field, the function or the name that is wrong."""
