# SPDX-License-Identifier: Apache-2.0
"""
Where a peer is reached, as its card says it, and which numbers are called.

==================================== ====================================
address in a card                    what is called
==================================== ====================================
``192.0.2.17:8443``                  ``http://192.0.2.17:8443/exchange``
``mission.example``                  ``http://mission.example:80/exchange``
``https://mission.example``          ``https://mission.example:443/exchange``
``https://mission.example:8443/a/b`` ``https://mission.example:8443/a/b``
==================================== ====================================

The card was signed and two administrators compared it, yet its address is the other office's word,
and may lead into our own house. So a number is called only

1. if it is none that no peer can have: link-local (where clouds keep their secrets), multicast,
   unspecified, reserved;
2. if it is loopback or of the shared address space (100.64.0.0/10): only where the card itself writes
   the number, or ``localhost``, which is never asked of a name server. No name leads there;
3. judged by the IPv4 number that it wraps (mapped, NAT64, 6to4), if it wraps one.

Private numbers are called: inside one network that is where peers are.
"""

import ipaddress
import re
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from legation.errors import MalformedError

PATH = "/exchange"  # where a node answers, if its card names no other path
ADDRESS_LENGTH_MAX = 253  # as in a card
PORT_MAX = 65_535  # two bytes
HTTP_PORT = 80
HTTPS_PORT = 443

# The grammar of the card; a test holds the two against each other.
_LABEL = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_OCTET = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_NUMBER = rf"({_OCTET}\.){{3}}{_OCTET}"
_HOST = rf"(?P<host>({_LABEL}\.)*(?=[a-z]){_LABEL}|(?P<number>{_NUMBER}))"
_PATH = r"(?P<path>(/(?!\.{1,2}(/|\Z))[A-Za-z0-9._~-]+)*/?)"
_ADDRESS = re.compile(rf"(?P<scheme>https://)?{_HOST}(:(?P<port>[1-9][0-9]{{0,4}}))?(?(scheme){_PATH})")

_SHARED = ipaddress.ip_network("100.64.0.0/10")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
# This network, Teredo, site-local.
_NO_PEERS = [ipaddress.ip_network(text) for text in ("0.0.0.0/8", "2001::/32", "fec0::/10")]

IP = ipaddress.IPv4Address | ipaddress.IPv6Address

Resolve = Callable[[str], Sequence[str]]
"""Numbers of a host name; raises ``OSError`` if there are none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """
    An address that has been read; ``str`` names host and port, never the path.

    Args:
        host: Host name or IPv4 number.
        path: From the first slash on.
        port: From 1.
        secure: Whether TLS is spoken.
        number: The number that is called if no name server is asked.
    """

    host: str
    path: str
    port: int
    secure: bool
    number: str | None

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def read_address(text: str) -> Address:
    """
    Read an address as it stands in a card.

    Raises:
        MalformedError: It is not one.
    """
    found = _ADDRESS.fullmatch(text) if len(text) <= ADDRESS_LENGTH_MAX else None
    if found is None or int(found["port"] or 1) > PORT_MAX:
        raise MalformedError("an address is a host name or an https URL, without user name or query")
    secure = found["scheme"] is not None
    path = found["path"] if secure else ""
    return Address(
        host=found["host"],
        path=PATH if path in {"", "/"} else path,
        port=int(found["port"] or (HTTPS_PORT if secure else HTTP_PORT)),
        secure=secure,
        number="127.0.0.1" if found["host"] == "localhost" else found["number"],
    )


def may_be_called(number: str, *, written: bool) -> bool:
    """
    Whether an exchange may go to a number.

    Args:
        number: An IPv4 or IPv6 number; what is none is not called.
        written: Whether the card itself writes it, and no name led to it.
    """
    try:
        ip = _unwrapped(ipaddress.ip_address(number))
    except ValueError:
        return False
    if ip.is_loopback or ip in _SHARED:
        return written
    unusable = ip.is_link_local or ip.is_multicast or ip.is_unspecified or ip.is_reserved
    return not (unusable or any(ip in network for network in _NO_PEERS))


def _unwrapped(ip: IP) -> IP:
    """Give the IPv4 number that an IPv6 number stands for, or the number itself."""
    if isinstance(ip, ipaddress.IPv4Address):
        return ip
    if ip in _NAT64:
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour or ip


def resolve(host: str) -> Sequence[str]:
    """Ask the system for the numbers of a host name, in its order of preference."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(address[0]) for *_, address in found))
