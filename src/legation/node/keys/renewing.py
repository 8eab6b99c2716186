# SPDX-License-Identifier: Apache-2.0
"""
Renewing the card of this office: other keys, addresses or policies; keys retired or revoked.

Three acts, of which only the second takes the root key, where that lies::

    prepare_renewal   at the node: draws keys, writes down what the next card says, signs it with all but the root
    vouch_renewal     at the root key: looks at it, signs it; out comes the card
    install_card      at the node: the card takes the place of the present one

Rules kept here:

1. The root signs, so one person is enough: whoever has that key could do all of it without this node. In the node's
   log the new card is ``renewed``.
2. Until the card is installed nothing is another: what was drawn is kept beside the present keys and used by nobody.
3. A card is installed while nobody serves the folder: a process that serves has the present keys in memory.
4. What follows is ``settling``: it is finished by whoever opens the folder, if it was cut short here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from legation.errors import MalformedError, RefusedError
from legation.keys.card import Card, CardBody, KeyState, PolicyReference, listed_keys, read, succeeds
from legation.keys.renewal import Asked, following, read_request, request, vouch
from legation.keys.seal import MLKEM_SEED_SIZE_BYTES
from legation.keys.sign import SEED_SIZE_BYTES, Ed25519Signer, KeyId
from legation.node.disk import write_file
from legation.node.home import BLOBS, STORE, Home
from legation.node.keys.keyring import (
    FORMER_SEALS_MAX,
    OFFICE_KEYS,
    NextKeys,
    RootKey,
    draw_office_keys,
    newest,
)
from legation.node.keys.settling import CARD, KEYS, LOCK, finish, in_use, read_keys, read_own_card
from legation.node.keys.signing import Signing, signing_of
from legation.node.rules import policies_at_hand
from legation.node.surroundings import Surroundings
from legation.store.blobs import Blobs
from legation.store.lock import FolderLock
from legation.store.sqlite.database import Database

HEX_DIGITS_MIN = 8  # of a key that a person names by the beginning of its id


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """
    What the next card is to say.

    Args:
        item: Whether it has a new item key.
        stream: Whether it has new stream keys, one of each algorithm.
        seal: Whether it has a new seal key.
        revoked: Keys to be revoked, by the beginning of their ids in hexadecimal; a current one is replaced too.
        since: From when the revoked item keys may have been in other hands, in seconds since 1970; None: always.
        addresses: Where the office is reached from then on; None: as before.
    """

    item: bool = False
    stream: bool = False
    seal: bool = False
    revoked: Sequence[str] = ()
    since: int | None = None
    addresses: Sequence[str] | None = None


def prepare_renewal(home: Home, wanted: Wanted, around: Surroundings, *, instead: bool = False) -> bytes:
    """
    Draw the keys of the next card, and ask the root for it.

    Args:
        home: The node's folder, opened.
        wanted: What the next card is to say.
        around: Clock and dice.
        instead: Whether it takes the place of a renewal that was prepared and not installed.

    Returns:
        What goes to the root key; there is no secret in it.

    Raises:
        MalformedError: No key begins so, or more than one; an address is none; an instant is to come.
        RefusedError: Another renewal is prepared; or too many replaced seal keys are kept still.
        StoreError: Another process is renewing the keys.
        OSError: The disk says no.
    """
    now = around.seconds()
    roles = _Roles.of(home.card, wanted, now)
    _check_wanted(home, wanted, roles, now, around)
    with FolderLock(home.path, name=LOCK):
        keys = in_use(read_keys(home.path), home.card, now, around)
        if keys.next is not None and not instead:
            raise RefusedError(
                "a renewal is prepared and not installed yet",
                hint="have it signed and install it; or --instead, if its card was given to nobody",
            )
        if roles.seal and len(keys.former) >= FORMER_SEALS_MAX:
            raise RefusedError(
                f"{FORMER_SEALS_MAX} replaced seal keys are kept still, and no receiver tries more",
                hint="wait until the oldest of them has been replaced for 90 days, or revoke it",
            )
        drawn = replace(keys, next=_draw(keys.present, roles, around) if roles.any else None)
        new = signing_of(drawn.renewed(now), around)
        body = _next_body(home, wanted, roles, new, at=now, protocols=around.protocols)
        signers = (new.item, new.stream.ed25519, new.stream.mldsa44)
        data = request(home.card, body, signers, verify=around.verify)
        if drawn != read_keys(home.path):
            write_file(home.path / KEYS, OFFICE_KEYS.encode(drawn))
    return data


@dataclass(frozen=True, slots=True, kw_only=True)
class _Roles:
    """Which keys are drawn anew, and which are revoked."""

    item: bool
    stream: bool
    seal: bool
    revoked: Mapping[KeyId, int | None] = field(default_factory=dict)

    @property
    def any(self) -> bool:
        return self.item or self.stream or self.seal

    @classmethod
    def of(cls, card: Card, wanted: Wanted, now: int) -> "_Roles":
        """Find the keys that are to be revoked; what is current among them is replaced."""
        if wanted.since is not None and wanted.since > now:
            raise MalformedError("a key is revoked since an instant that is to come")
        found = {_find_key(card.body, each) for each in wanted.revoked}
        items = {each.key.key_id for each in card.body.item_keys}
        if wanted.since is not None and not items & found:
            raise MalformedError("only of an item key it is said since when it is revoked")

        def is_hit(role: str) -> bool:
            listed = getattr(card.body, role)
            return any(each.state is KeyState.CURRENT and each.key.key_id in found for each in listed)

        return cls(
            item=wanted.item or is_hit("item_keys"),
            stream=wanted.stream or is_hit("stream_keys"),
            seal=wanted.seal or is_hit("seal_keys"),
            revoked={each: wanted.since if each in items else None for each in found},
        )


def _find_key(body: CardBody, text: str) -> KeyId:
    """
    Find a listed key by the beginning of its id.

    Raises:
        MalformedError: None begins so, or more than one does, or it is too short.
    """
    wanted = text.lower()
    found = [each.key.key_id for each in listed_keys(body) if each.key.key_id.hex().startswith(wanted)]
    if len(wanted) < HEX_DIGITS_MIN or len(found) != 1:
        raise MalformedError(
            f"no key of this office, or more than one, begins with these {len(wanted)} digits",
            hint="legation card lists the keys",
        )
    return found[0]


def _draw(present: NextKeys, roles: _Roles, around: Surroundings) -> NextKeys:
    """Draw seeds for what is renewed; the others stay."""
    drawn: dict[str, bytes] = {}
    if roles.item:
        drawn["item"] = around.random(SEED_SIZE_BYTES)
    if roles.stream:
        drawn |= {name: around.random(SEED_SIZE_BYTES) for name in ("stream_ed25519", "stream_mldsa44")}
    if roles.seal:
        drawn["seal_mlkem768"] = around.random(MLKEM_SEED_SIZE_BYTES)
        drawn["seal_x25519"] = around.random(SEED_SIZE_BYTES)
    return replace(present, **drawn)


def _check_wanted(home: Home, wanted: Wanted, roles: _Roles, at: int, around: Surroundings) -> None:
    """
    Refuse what makes no card, before anything is drawn.

    Raises:
        MalformedError: It would say nothing new, or an address is none.
    """
    body = following(home.card, time=at, **_told(home, wanted, around.protocols))
    if not roles.any and not roles.revoked and body == following(home.card, time=at):
        raise MalformedError("the next card would say nothing new", hint="name what is to be renewed")


def _next_body(
    home: Home, wanted: Wanted, roles: _Roles, new: Signing, *, at: int, protocols: tuple[int, ...]
) -> CardBody:
    """Say what the next card says."""
    return following(
        home.card,
        time=at,
        item=new.item.public_key if roles.item else None,
        stream=(new.stream.ed25519.public_key, new.stream.mldsa44.public_key) if roles.stream else (),
        seal=new.opener.public_key if roles.seal else None,
        revoked=roles.revoked,
        **_told(home, wanted, protocols),
    )


def _told(home: Home, wanted: Wanted, protocols: tuple[int, ...]) -> dict[str, Any]:
    """What a card says beside its keys: where we are reached from then on, and what we decide with and speak now."""
    return {"addresses": wanted.addresses, "policies": _policies(home), "protocols": protocols}


def _policies(home: Home) -> tuple[PolicyReference, ...]:
    with home.database.read() as db:
        return newest(policies_at_hand(db))


def vouch_renewal(data: bytes, root: RootKey, around: Surroundings) -> Card:
    """
    Sign the next card of an office with its party's root key.

    Args:
        data: From ``prepare_renewal``.
        root: The root key.
        around: By whose rule signatures hold.

    Raises:
        MalformedError: It is no renewal, or the root key is another party's.
        VerificationError: It does not hold, or this is not the root key of the office's cards.
    """
    asked = read_renewal(data, around)
    root.check_party(asked.previous.office.party)
    return read(vouch(asked, Ed25519Signer(root.seed)), verify=around.verify)


def read_renewal(data: bytes, around: Surroundings) -> Asked:
    """
    Read what an office asks its root to sign, to look at it.

    Raises:
        MalformedError: It is no renewal.
        VerificationError: It does not hold.
    """
    return read_request(data, verify=around.verify)


def recover_keys(folder: Path, wanted: Wanted, around: Surroundings) -> bytes:
    """
    Draw all keys anew for a node whose file of keys is lost, and ask the root for the card that lists them.

    The old ones are retired, or revoked where that is wanted. Until the card is installed the folder does not open.

    Args:
        folder: The node's folder, without its file of keys.
        wanted: Which keys are revoked, and where the office is reached.
        around: Clock and dice.

    Returns:
        What goes to the root key.

    Raises:
        RefusedError: There are keys.
        MalformedError: The card is damaged; no key begins so; an address is none; an instant is to come.
        StoreError: Another process is renewing the keys.
        OSError: The disk says no.
    """
    if (folder / KEYS).exists():
        raise RefusedError("the keys of this office are there", hint="move a file that is damaged elsewhere")
    card, now = read_own_card(folder, around), around.seconds()
    roles = _Roles.of(card, wanted, now)
    with FolderLock(folder, name=LOCK):
        keys = draw_office_keys(card.office, around)
        new = signing_of(keys, around)
        streams = (new.stream.ed25519, new.stream.mldsa44)
        body = following(
            card,
            time=now,
            item=new.item.public_key,
            stream=[each.public_key for each in streams],
            seal=new.opener.public_key,
            revoked=roles.revoked,
            addresses=wanted.addresses,
        )
        data = request(card, body, (new.item, *streams), verify=around.verify)
        write_file(folder / KEYS, OFFICE_KEYS.encode(keys), new=True)
    return data


def install_card(folder: Path, data: bytes, around: Surroundings) -> Card:
    """
    Let a card take the place of the present one; whoever has the folder open has to open it anew then.

    Args:
        folder: The node's folder.
        data: The card that the root signed.
        around: Clock and dice.

    Raises:
        MalformedError: It is no card, or its keys were not drawn here.
        VerificationError: A signature does not hold, or it is not the next card.
        StoreError: The folder is served, or another process is renewing the keys; or there is no node.
        OSError: The disk says no.
    """
    card = read(data, verify=around.verify)
    _check_follows(read_own_card(folder, around), card)
    with FolderLock(folder), FolderLock(folder, name=LOCK):
        database = Database.open(folder / STORE, now=around.seconds())
        try:
            present = read_own_card(folder, around)
            # Another may have been installed meanwhile.
            _check_follows(present, card)
            if card.digest != present.digest:
                _check_drawn(folder, card, around)
                write_file(folder / CARD, data, public=True)
            finish(folder, card, database=database, blobs=Blobs(folder / BLOBS), around=around)
        finally:
            database.close()
    return card


def _check_follows(present: Card, card: Card) -> None:
    """Refuse a card that is neither the present one nor the next."""
    if card.digest != present.digest:
        succeeds(present, card)


def _check_drawn(folder: Path, card: Card, around: Surroundings) -> None:
    """Refuse a card whose keys were not drawn here: nothing could be signed or opened any more."""
    try:
        in_use(read_keys(folder), card, around.seconds(), around)
    except MalformedError as error:
        raise MalformedError(
            "the keys of this card are not those that were drawn here for it",
            hint="it comes from a renewal that was prepared again since: sign the newest one",
        ) from error
