# SPDX-License-Identifier: Apache-2.0
"""
Floors of the exchange: what cannot be saved of it, done as directly as the libraries allow.
"""

import os
import socket
import tempfile
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import apsw
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bench.measure import check
from legation.keys.seal import PADDED_SIZE_BYTES_MIN, SECRET_SIZE_BYTES, HPKEOpener, HPKESealer

FLOOR_BATCH = 500  # items a commit, as in the goal
ITEM_SIZE_BYTES = 10_000  # about one as it is handed over


def bytes_and_signatures(size_bytes: int, count: int) -> float:
    """One signature, its check, 15 leaves, AES, and rows, durable at both sides; items a second."""
    key, cipher = Ed25519PrivateKey.generate(), AESGCM(os.urandom(32))
    public = key.public_key()
    with tempfile.TemporaryDirectory() as scratch:
        sides = [_table(Path(scratch) / name) for name in ("a.db", "b.db")]
        items = [os.urandom(size_bytes) for _ in range(FLOOR_BATCH)]
        signed = [(data, key.sign(data[:200])) for data in items]
        begun, done = time.perf_counter(), 0
        while done < count:
            _insert(sides[0], items)
            sealed = cipher.encrypt(done.to_bytes(12, "big"), b"".join(items), None)
            cipher.decrypt(done.to_bytes(12, "big"), sealed, None)
            for data, signature in signed:
                public.verify(signature, data[:200])
                for place in range(15):
                    sha256(data[place * 600 : place * 600 + 600]).digest()
            _insert(sides[1], items)
            done += FLOOR_BATCH
        taken = time.perf_counter() - begun
        for side in sides:
            side.close()
    return done / taken


def commits() -> float:
    """Three commits of an item one after the other: released, numbered, stored; and its bytes over a socket."""
    item = os.urandom(ITEM_SIZE_BYTES)
    with tempfile.TemporaryDirectory() as scratch:
        sides = [_table(Path(scratch) / name) for name in ("a.db", "b.db")]
        ours, theirs = socket.socketpair()
        begun = time.perf_counter()
        _insert(sides[0], [item])
        _insert(sides[0], [item])
        ours.sendall(item)
        came = theirs.recv(ITEM_SIZE_BYTES, socket.MSG_WAITALL)
        _insert(sides[1], [came])
        taken = time.perf_counter() - begun
        check(came == item, "a socket gave other bytes than it took")
        ours.close()
        theirs.close()
        for side in sides:
            side.close()
    return taken


def empty_letters() -> Callable[[], object]:
    """Give what seals, signs, opens and verifies a letter and its answer, each of the smallest size there is."""
    opener = HPKEOpener(mlkem_seed=os.urandom(64), x25519_seed=os.urandom(32))
    key, sealer = Ed25519PrivateKey.generate(), HPKESealer()
    public, content = key.public_key(), bytes(PADDED_SIZE_BYTES_MIN)

    def exchange() -> None:
        for _ in range(2):
            secret, binding = os.urandom(SECRET_SIZE_BYTES), sha256(os.urandom(32)).digest()
            sealed = sealer.seal_secret(opener.public_key, secret, binding)
            cipher = AESGCM(secret)
            chunk = cipher.encrypt(bytes(12), content, None)
            signature = key.sign(binding)
            opened = opener.open_secret(sealed, binding)
            AESGCM(opened).decrypt(bytes(12), chunk, None)
            public.verify(signature, binding)

    return exchange


def _table(path: Path) -> apsw.Connection:
    connection = apsw.Connection(str(path))
    connection.execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;")
    connection.execute("CREATE TABLE item (k INTEGER PRIMARY KEY, data BLOB)")
    connection.execute("CREATE TABLE label (k INTEGER, a INTEGER, PRIMARY KEY (k, a)) WITHOUT ROWID")
    return connection


def _insert(connection: apsw.Connection, items: list[bytes]) -> None:
    with connection:
        for data in items:
            connection.execute("INSERT INTO item (data) VALUES (?)", (data,))
            k = connection.last_insert_rowid()
            connection.executemany("INSERT INTO label VALUES (?, ?)", [(k, a) for a in range(5)])
