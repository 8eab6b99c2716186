# SPDX-License-Identifier: Apache-2.0
"""
The offices of the twin worlds, the marks that their observers see and do not see, and nodes to start from.

Making a node costs a hundred times what copying its folder does, so each is made once in a process.
"""

import atexit
import shutil
import tempfile
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from hashlib import sha256
from pathlib import Path

from legation.encoding import encode
from legation.formats.shipped import AT_HAND, shipped
from legation.keys.card import Card, Office, read
from legation.keys.sign import unsafe_verify
from legation.labels import Policies, parse_mark, reference_to
from legation.node.home import Home, create_home, open_home
from legation.node.keys.keyring import ROOT_KEY
from legation.node.keys.settling import CARD
from legation.node.peers.peering import add_peer, confirm_peer, grant
from legation.node.surroundings import Surroundings
from tests.stories.cast import clearance, root_of
from tests.twin.moments import Moments

AUTHOR = "KOR@NATO"
PEER = "AUS@NATO"  # the observer that is a peer
READERS = "JPN@NATO"  # at whose node the observer reads who holds less than the node
RELAYS = ("NATO", "EU")  # who pass on to the readers' node what they were sent
OTHERS = ("JPN@NATO", "NATO", "KOR")  # what the peer must not learn of

EXERCISE = shipped("exercise-1")
POLICIES = Policies(map(shipped, AT_HAND))

LEVELS = {"O": "OPEN", "L": "LIMITED", "C": "CONFIDENTIAL", "S": "SECRET"}

# As the author marks them.
PEER_SEES_OPEN = ("(O)",)
PEER_SEES_LIMITED = ("(L//REL KOR, AUS)", "(L//REL KOR, JPN, AUS, NATO)", "(L//REL KOR, AUS//ONLY KOR, AUS)")
PEER_SEES_CONFIDENTIAL = ("(C//REL KOR, AUS)", "(C//REL KOR, JPN, AUS)")
PEER_NEVER_SEES = (
    "(L)",
    "(S)",
    "(L//REL KOR, JPN)",
    "(L//REL KOR, AUS//ONLY KOR)",
    "(C//HERON//REL KOR, AUS)",
    "(C//REL KOR, JPN)",
    "(C//REL KOR, JPN, NATO)",
    "(S//REL KOR, AUS)",
    "(S//REL KOR, JPN)",
    "(S//REL KOR, JPN, AUS, NATO)",
    "(S//REL KOR)",
)

READER_SEES = ("(O)", "(L//REL KOR, JPN)", "(L//REL KOR, JPN, AUS, NATO)", "(L//REL KOR, JPN//ONLY KOR, JPN)")
READER_NEVER_SEES = (
    "(C//REL KOR, JPN)",
    "(C//REL KOR, JPN, NATO)",
    "(S//REL KOR, JPN)",
    "(S//REL KOR, JPN, AUS, NATO)",
)
NODE_NEVER_GETS = (
    "(L)",
    "(S)",
    "(L//REL KOR, AUS)",
    "(C//REL KOR, NATO)",
    "(S//REL KOR)",
    "(C//HERON//REL KOR, JPN)",
)
READER_SEES_OWN = ("(L//REL JPN, KOR)", "(O)")
READER_NEVER_SEES_OWN = ("(C)", "(S)", "(C//REL JPN, KOR)", "(S//REL JPN, NATO)")


def marks_by(office: str) -> tuple[str, ...]:
    """Marks that another office puts on what it sends the author; its own party is on each list."""
    parties = ", ".join(dict.fromkeys(("KOR", Office.parse(office).party)))
    return tuple(f"({level}//REL {parties})" for level in "LCS")


def key_of(mark: str) -> bytes:
    """What signing calls the layer under a mark, where it asks for draws."""
    return sha256(encode((parse_mark(EXERCISE, mark), reference_to(EXERCISE)))).digest()


@cache
def keys_of(marks: Sequence[str]) -> frozenset[bytes]:
    """The keys of the layers under marks."""
    return frozenset(map(key_of, marks))


def cleared(office: str, highest: str = "S", *, context: Sequence[str] = ()) -> bytes:
    """What somebody of an office's party holds up to a level."""
    return clearance([Office.parse(office).party], highest=LEVELS[highest], context=context)


@cache
def _folder() -> Path:
    """Where the nodes to start from lie: in memory if the machine has such a place."""
    found = Path(tempfile.mkdtemp(prefix="legation-twin-", dir=fast_folder()))
    atexit.register(shutil.rmtree, found, ignore_errors=True)
    return found


def clear_away() -> None:
    """Remove the nodes to start from: workers of a test run end without a word."""
    if _folder.cache_info().currsize:
        shutil.rmtree(_folder(), ignore_errors=True)
    for each in (_folder, _bare, _furnished):
        each.cache_clear()


@cache
def fast_folder() -> Path | None:
    """A folder in memory, or None: then temporary folders are where they always are."""
    memory = Path("/dev/shm")
    try:
        with tempfile.TemporaryDirectory(dir=memory):
            return memory
    except OSError:
        return None


@cache
def _bare(office: str) -> Path:
    """The folder of an office's node, with no peer yet."""
    moments = Moments("nodes to start from")
    path = _folder() / "bare" / office
    path.parent.mkdir(exist_ok=True)
    root = ROOT_KEY.encode(root_of(Office.parse(office).party))
    with moments.moment("made", -1000):
        create_home(path, Office.parse(office), moments.around(office), root=root)
    return path


def card_of(office: str) -> bytes:
    """The card of an office, as it travels."""
    return (_bare(office) / CARD).read_bytes()


@cache
def read_card_of(office: str) -> Card:
    """The card of an office, verified."""
    return read(card_of(office), verify=unsafe_verify)


def pin(home: Home, office: str, around: Surroundings) -> None:
    """Add and confirm an office's card."""
    add_peer(card_of(office), by="first", card=home.card, database=home.database, around=around)
    confirm_peer(
        office,
        by="second",
        words=(),
        card=home.card,
        database=home.database,
        blobs=home.blobs,
        around=around,
    )


def let_see(
    home: Home, office: str, data: bytes, around: Surroundings, *, until: datetime | None = None
) -> None:
    """Grant an office what a clearance says; two persons do."""
    for by in ("first", "second"):
        grant(
            office,
            data,
            by=by,
            agreement="",
            not_before=None,
            not_after=until,
            database=home.database,
            around=around,
        )


@cache
def _furnished(office: str, peers: tuple[tuple[str, str], ...]) -> Path:
    """The folder of a node that has these peers, each with the level that it is granted up to, or none."""
    path = _folder() / f"furnished {len(list((_folder()).iterdir()))}" / office
    path.parent.mkdir()
    shutil.copytree(_bare(office), path)
    moments = Moments("nodes to start from")
    around = moments.around(office)
    with moments.moment("furnished", -900), open_home(path, around) as home:
        for peer, highest in peers:
            pin(home, peer, around)
            if highest:
                let_see(home, peer, cleared(peer, highest), around)
    return path


def lay_out(folder: Path, office: str, peers: tuple[tuple[str, str], ...]) -> Path:
    """Copy the node of an office with these peers into *folder*."""
    path = folder / office
    shutil.copytree(_furnished(office, peers), path)
    return path
