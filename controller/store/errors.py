"""Every way in which the store can fail; nothing is written to a plant on any of them."""


class StoreError(Exception):
    """The store could not do what was asked; what it had acknowledged before is kept.

    `remedy` says what a person does about it, empty where only the store itself can be looked at.
    """

    def __init__(self, message: str, *, remedy: str = "") -> None:
        self.remedy = remedy
        super().__init__(message)


class StoreUnavailable(StoreError):
    """The database is gone, locked, full or damaged."""


class LeaseLost(StoreError):
    """Another engine has taken over; this one may not write any more."""


class IntentOpen(StoreError):
    """The point's last write is not resolved yet."""


class AlreadyDecided(StoreError):
    """The recommendation has been decided before."""


class BackupRefused(StoreError):
    """A backup is damaged, or the store to restore into is not empty or in use."""


class WeakPassword(ValueError):
    """The password is too short, or is the name."""
