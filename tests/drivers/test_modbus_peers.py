"""Masters and servers of others read and write with ours, and agree."""

import pytest

from tests.drivers.peer_agreement import agreement_with_client, agreement_with_server
from tests.drivers.peer_clients import PEER_CLIENTS
from tests.drivers.peer_servers import PEER_SERVERS


@pytest.mark.parametrize("name", PEER_SERVERS)
def test_our_master_reads_and_writes_servers_of_others(name: str) -> None:
    assert agreement_with_server(name, 300, seed=1) == 300


@pytest.mark.parametrize("name", PEER_CLIENTS)
def test_masters_of_others_and_ours_read_what_the_other_wrote(name: str) -> None:
    assert agreement_with_client(name, 200, seed=1) == 200
