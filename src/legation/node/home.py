# SPDX-License-Identifier: Apache-2.0
"""
The folder of a node: what lies where, how it is made, how it is opened.

::

    office.keys   secrets of the office           office.card   what it publishes of itself
    root.key      secret of the party's root      node.db       the store
    blobs/        what is too long for a row      attachments/  files, each sealed under a key of its own
    serve.lock    held by the one ``serve``       keys.lock      held while keys or card change

``root.key`` lies there only until its owner takes it offline: no command but those that make cards needs it.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from legation.errors import StoreError
from legation.formats import stanag4774
from legation.formats.shipped import AT_HAND, shipped_bytes
from legation.keys.card import Card, Office, read
from legation.labels import Clearance, Policies, Policy, TagType, category, reference_to
from legation.log import INCARNATION_SIZE_BYTES, LogEntry, LogKind
from legation.node.disk import write_file
from legation.node.keys.keyring import (
    OFFICE_KEYS,
    ROOT_KEY,
    OfficeKeys,
    RootKey,
    draw_office_keys,
    draw_root_key,
    make_card,
)
from legation.node.keys.settling import CARD, KEYS, in_use, is_known, read_keys, read_own_card, settle
from legation.node.keys.signing import Signing, signing_of
from legation.node.rules import begin_epoch, named_clearance, read_policy
from legation.node.surroundings import Surroundings
from legation.node.withdrawal.destroying import Destroying
from legation.store.attachments import Attachments
from legation.store.blobs import Blobs
from legation.store.sqlite import logbook, node, policies
from legation.store.sqlite.database import Database, Writing

ROOT, STORE = "root.key", "node.db"
BLOBS, ATTACHMENTS = "blobs", "attachments"


@dataclass(frozen=True, kw_only=True)
class Home:
    """A node's folder, opened: whoever opens it closes it, with ``close`` or as a context."""

    path: Path
    card: Card
    signing: Signing
    database: Database
    blobs: Blobs
    attachments: Attachments

    @property
    def office(self) -> str:
        """The office whose node it is."""
        return str(self.card.office)

    def destroying(self, around: Surroundings) -> Destroying:
        """What destroys items here."""
        return Destroying(
            card=self.card,
            signing=self.signing,
            database=self.database,
            blobs=self.blobs,
            store=self.attachments,
            around=around,
        )

    def close(self) -> None:
        """Write what is queued, and let go of the store."""
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def create_home(
    path: Path,
    office: Office,
    around: Surroundings,
    *,
    spifs: Sequence[bytes] = (),
    clearances: Iterable[bytes] = (),
    addresses: Sequence[str] = (),
    root: bytes | None = None,
) -> Card:
    """
    Make a node in an empty folder, or one that is not there.

    Args:
        path: The folder.
        office: Whose node it is.
        around: Clock and dice.
        spifs: Policies that it decides with from the start, beside the shipped ones: SPIF files.
        clearances: What its own people may see, in XML; for EXERCISE there is a default.
        addresses: Where its peers reach it; none for a node that only pulls.
        root: The party's root key file, if it has one already.

    Raises:
        StoreError: There is a node already, or something else.
        MalformedError: The root key is another party's, or a file is not what it must be.
        OSError: The disk says no.
    """
    files = [*map(shipped_bytes, AT_HAND), *spifs]
    held = [read_policy(each) for each in files]
    given = {each.policy_id: each for each in _cleared(clearances, held)}
    root_key = ROOT_KEY.decode(root) if root is not None else draw_root_key(office.party, around)
    keys = draw_office_keys(office, around)
    data = make_card(keys, root_key, Policies(held), around, addresses=addresses)
    card = read(data, verify=around.verify)
    with _new_folder(path) as made:
        _lay_out(path, keys, root_key if root is None else None, data, made)
        database = Database.create(path / STORE, now=around.seconds())
        made += [path / f"{STORE}{suffix}" for suffix in ("", "-wal", "-shm")]
        try:
            database.write(
                lambda db: _furnish(db, card, around, spifs=files, held=held, clearances=given.values())
            )
        finally:
            database.close()
    return card


@contextmanager
def _new_folder(path: Path) -> Iterator[list[Path]]:
    """
    Make a folder, or take an empty one; if it cannot be furnished, it is as it was before.

    Gives a list for what is made in it: only that is taken away again, for somebody else may be making a
    node in the same folder at the same moment.
    """
    was_there = path.is_dir()
    made: list[Path] = []
    path.mkdir(parents=True, exist_ok=True)
    if any(path.iterdir()):
        raise StoreError(f"`{path.name}` is not empty", hint="a node is made in a folder of its own")
    path.chmod(0o700)
    try:
        yield made
    except BaseException:
        with suppress(OSError):
            for each in made:
                each.unlink(missing_ok=True)
            if not was_there:
                path.rmdir()
        raise


def _lay_out(path: Path, keys: OfficeKeys, root: RootKey | None, card: bytes, made: list[Path]) -> None:
    files = [(KEYS, OFFICE_KEYS.encode(keys)), (CARD, card)]
    if root is not None:
        files.insert(1, (ROOT, ROOT_KEY.encode(root)))
    for name, data in files:
        write_file(path / name, data, public=name == CARD, new=True)
        made.append(path / name)


def _furnish(
    db: Writing,
    card: Card,
    around: Surroundings,
    *,
    spifs: Sequence[bytes],
    held: Sequence[Policy],
    clearances: Iterable[Clearance],
) -> None:
    now, office = around.seconds(), card.office
    node.create_node(db, str(office), now)
    node.add_own_card(db, card, now)
    logbook.start_log(db, around.random(INCARNATION_SIZE_BYTES))
    for data, policy in zip(spifs, held, strict=True):
        policies.propose_policy(db, reference_to(policy), name=policy.name, spif=data, by="init", at=now)
        policies.accept_policy(db, policy.id, policy.version, "shipped", now)
        logbook.append(db, [LogEntry(kind=LogKind.POLICY, hash=policy.digest, time=now)])
    for clearance in (*_defaults(held, office.party, ["Own", "Releasable"]), *clearances):
        node.set_mission_clearance(db, clearance)
    for clearance in _defaults(held, office.party, ["Releasable"]):
        node.set_mission_clearance(db, clearance, received=True)
    begin_epoch(db, around)


def _cleared(files: Iterable[bytes], held: Sequence[Policy]) -> Iterable[Clearance]:
    """Read clearances, and name their policies by identifier."""
    return (named_clearance(stanag4774.read_clearance(each), Policies(held)) for each in files)


EXERCISE = "EXERCISE"


def _defaults(held: Iterable[Policy], party: str, context: Sequence[str]) -> Iterable[Clearance]:
    """
    What the people of a node hold under the fictional policy: everything of their own party.

    Of what others hand over, all that is releasable to the party, and nothing that is others' own.
    """
    for policy in held:
        if policy.name == EXERCISE:
            yield Clearance(
                policy_id=policy.id,
                classifications=tuple(each.name for each in policy.classifications),
                categories=(
                    category("Context", TagType.PERMISSIVE, context),
                    category("Only", TagType.PERMISSIVE, [party]),
                    category("Releasable To", TagType.PERMISSIVE, [party]),
                ),
            )


def open_home(path: Path, around: Surroundings) -> Home:
    """
    Open the folder of a node; what was cut short is finished: a renewal whose card was published, and destructions.

    Raises:
        StoreError: There is no node, or its store is not what it must be.
        MalformedError: A file in it is damaged.
    """
    if not (path / STORE).is_file():
        raise StoreError(f"there is no node in `{path.name}`", hint="make one with legation init OFFICE")
    # The keys before the card: if the card is renewed in between, they have those of the next one too.
    keys = read_keys(path)
    card = read_own_card(path, around)
    used = in_use(keys, card, around.seconds(), around)
    database = Database.open(path / STORE, now=around.seconds())
    try:
        with database.read() as db:
            if node.office(db) != keys.office:
                raise StoreError("the store and the keys in this folder are of two offices")
        blobs = Blobs(path / BLOBS)
        if used != keys or not is_known(card, database):
            settle(path, card, database=database, blobs=blobs, around=around)
        home = Home(
            path=path,
            card=card,
            signing=signing_of(used, around),
            database=database,
            blobs=blobs,
            attachments=Attachments(path / ATTACHMENTS),
        )
        home.destroying(around).go_on()
        return home
    except BaseException:
        database.close()
        raise
