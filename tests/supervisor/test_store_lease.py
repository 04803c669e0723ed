"""The lease of the store: one engine at a time, and a late one is fenced."""

import threading
from datetime import timedelta
from pathlib import Path

import pytest

from controller.store.database import Database, open_database
from controller.store.errors import (
    LeaseLost,
    StoreUnavailable,
)
from controller.store.journal import Journal, Stage
from controller.store.lease import end_lease, lease_holder, renew_lease, take_lease
from tests.supervisor.conftest import NOW
from tests.supervisor.stores import INTENT, MINUTE, fence_of


def test_the_second_engine_is_refused_and_the_next_gets_a_larger_fence(database: Database) -> None:
    first = fence_of(database, "one")
    with pytest.raises(LeaseLost, match="one holds the store"):
        fence_of(database, "two", NOW + MINUTE / 2)
    with database.writing() as connection:
        end_lease(connection, first, NOW)
    assert fence_of(database, "two") > first


def test_a_lease_that_ran_out_can_be_taken_and_the_late_engine_is_fenced(
    database: Database,
) -> None:
    late = fence_of(database, "late")
    fence_of(database, "next", NOW + 2 * MINUTE)
    journal = Journal(database, late)
    with pytest.raises(LeaseLost):
        journal.intend(INTENT, NOW + 2 * MINUTE)
    with pytest.raises(LeaseLost):
        journal.settle(INTENT, Stage.CONFIRMED, 92.5, "", NOW)
    with pytest.raises(LeaseLost), database.writing() as connection:
        renew_lease(connection, late, NOW, MINUTE)
    assert journal.open_intents() == ()
    with database.reading() as connection:
        assert lease_holder(connection, NOW + 2 * MINUTE) == "next"


def test_a_lease_from_before_the_clock_was_set_back_does_not_lock_the_store(
    database: Database,
) -> None:
    fence_of(database, "one", NOW + timedelta(days=365))
    assert fence_of(database, "two", NOW) == 2


def test_a_holder_that_is_known_to_be_dead_is_replaced_at_once(database: Database) -> None:
    fence_of(database, "here:/site process 1")
    for dead in ("", "there:/site ", "here:/other "):
        with pytest.raises(LeaseLost), database.writing() as connection:
            take_lease(connection, "here:/site process 2", NOW, MINUTE, dead=dead)
    with database.writing() as connection:
        assert take_lease(connection, "here:/site process 2", NOW, MINUTE, dead="here:/site ") == 2


def test_of_many_at_once_one_gets_the_lease(store_url: str, tmp_path: Path) -> None:
    open_database(store_url, tmp_path).close()
    won, lost = [], []

    def contend(number: int) -> None:
        own = open_database(store_url, tmp_path)
        try:
            won.append(fence_of(own, f"engine {number}"))
        except (LeaseLost, StoreUnavailable):  # two first rows at once: one fails on the key
            lost.append(number)
        own.close()

    threads = [threading.Thread(target=contend, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(won), len(lost)) == (1, 5)
