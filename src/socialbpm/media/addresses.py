"""Which addresses a picture may be fetched from: public ones, so that no model looks into our network."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from ipaddress import IPv4Address, IPv6Address, IPv6Network

Address = IPv4Address | IPv6Address
Permit = Callable[[Address], bool]

_MAPPED = IPv6Network("::ffff:0:0/96")
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052


def is_public(address: Address) -> bool:
    """Whether all the Internet can reach it: not private, loopback, link-local, multicast or reserved.

    An IPv6 address that carries an IPv4 address is as public as both are.
    """
    return all(each.is_global and not _is_special(each) for each in _faces(address))


def _is_special(address: Address) -> bool:
    """What Python counts as global, and is not for everybody."""
    site_local = isinstance(address, IPv6Address) and address.is_site_local  # RFC 3879: routers still pass it
    return address.is_multicast or address.is_reserved or site_local


def _faces(address: Address) -> Iterator[Address]:
    if isinstance(address, IPv4Address):
        yield address
        return
    if address in _MAPPED or address in _NAT64:  # another way to write an IPv4 address: ::ffff:127.0.0.1
        yield IPv4Address(int(address) & 0xFFFFFFFF)
        return
    yield address
    if address.sixtofour is not None:
        yield address.sixtofour
    if address.teredo is not None:
        yield from address.teredo
