"""The same stores as the supervisor's tests have."""

from tests.supervisor.conftest import database, server, store_url

__all__ = ["database", "server", "store_url"]
