import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.ports import free_port

ROOT = Path(__file__).parents[2]
OUTGOING = Path("/proc/sys/net/ipv4/ip_local_port_range")
COUNT = 300


def test_no_two_processes_get_the_same_port():
    ours = {free_port() for _ in range(COUNT)}
    command = f"from tests.support.ports import free_port; print(*(free_port() for _ in range({COUNT})))"
    theirs = subprocess.run([sys.executable, "-c", command], cwd=ROOT, capture_output=True, text=True, check=True)
    assert len(ours) == COUNT
    assert not ours & set(map(int, theirs.stdout.split()))


def test_a_twin_is_kept_too():
    port = free_port(twin=10_000)
    assert port + 10_000 not in {free_port() for _ in range(100)}


@pytest.mark.skipif(not OUTGOING.exists(), reason="only Linux says which ports it gives to outgoing connections")
def test_no_outgoing_connection_can_take_it():
    first, last = map(int, OUTGOING.read_text().split())
    assert not first <= free_port() <= last
