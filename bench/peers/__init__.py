# SPDX-License-Identifier: Apache-2.0
"""
What speaks to each peer, a module each; none is needed to run the rest of the bench.

A module that decides has ``jobs(labels, clearances)``: by name, ways to answer every pair, the labels
in the outer loop. The one that discloses has the class ``Disclosure``.
"""

from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

# module here: (package as it is imported, as it is installed)
PEERS = {
    "cedar": ("cedarpy", "cedarpy"),
    "vakt_guard": ("vakt", "vakt"),
    "casbin_model": ("casbin", "casbin"),
    "sd_jwt_reference": ("sd_jwt", "sd-jwt"),
}


def peer(name: str) -> Any | None:
    """Give the module that speaks to a peer; None where the peer is not installed."""
    return import_module(f"bench.peers.{name}") if find_spec(PEERS[name][0]) else None


def packages() -> list[str]:
    """Name the installed peers with their versions."""
    return [f"{package} {version(package)}" for module, package in PEERS.values() if find_spec(module)]


def missing(*names: str) -> tuple[str, ...]:
    """Name those peers that are not installed."""
    return tuple(PEERS[name][1] for name in names if not find_spec(PEERS[name][0]))
