"""What people may do."""

from enum import StrEnum


class Role(StrEnum):
    """What a user may do; each may what those before it may."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ENGINEER = "engineer"
    ADMIN = "admin"

    def may(self, needed: "Role") -> bool:
        """Whether this role includes another.

        Args:
            needed: The role that something needs.

        Returns:
            Whether this one is as high or higher.
        """
        order = list(Role)
        return order.index(self) >= order.index(needed)
