"""Public is what anybody on the internet can reach; everything else is next door."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.http_api.public_addresses import is_public


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"]
)
def test_addresses_of_the_internet_are_public(address):
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.255.255.254",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",  # the metadata service of most clouds
        "100.64.0.1",
        "192.0.2.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "fd00:ec2::254",
        "ff02::1",
        "2001:db8::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::7f00:1",
        "64:ff9b:1::a00:1",
        "2002:7f00:1::",
        "2002:a00:1::1",
        "2001:0:7f00:1::",
        "localhost",
        "2130706433",
        "127.1",
        "0x7f.1",
        "",
    ],
)
def test_everything_else_is_not(address):
    assert not is_public(address)


@given(st.ip_addresses(v=4))
def test_an_address_in_an_ipv6_coat_is_judged_by_what_it_is(address):
    coats = [
        f"::ffff:{address}",
        f"64:ff9b::{address}",
        str(ipaddress.IPv6Address((0x2002 << 112) | int(address) << 80)),
    ]
    assert [is_public(coat) for coat in coats] == [is_public(str(address))] * 3
