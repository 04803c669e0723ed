"""What an API route raises where it does not do what it is asked."""


class NothingError(Exception):
    """There is no such thing."""


class ConflictError(Exception):
    """What is decided about is not what is there."""
