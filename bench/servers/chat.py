# SPDX-License-Identifier: Apache-2.0
"""
Matrix: two federated servers, an author in a room at one of them and a reader at the other.

Servers as they are set up first: SQLite each, no limits on how fast anybody may write. Not encrypted between the
two people; between the servers by TLS, and each event signed by the author's server.
"""

import hashlib
import hmac
import json
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any
from urllib.parse import quote
from urllib.request import Request, urlopen

from bench.measure import check
from bench.offices import free_port
from bench.servers import folder, running, wait_until_ready

AT_ONCE = 4  # messages that are on their way to the author's server
ENOUGH_S = 180
_SHARED = "bench"
_CLIENT = "/_matrix/client/v3"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Person:
    address: str
    user: str = ""
    token: str = ""

    def call(self, method: str, path: str, said: object | None = None) -> Any:
        data = None if said is None else json.dumps(said).encode()
        headers = {"Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        request = Request(self.address + path, data, headers, method=method)  # noqa: S310 - http, to this machine
        with urlopen(request, timeout=60) as answer:  # noqa: S310 - as above
            return json.load(answer)


def hand_over(texts: Sequence[str]) -> float:
    """Say these texts in a room of two, and hear them all; seconds of one."""
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as stack:
        author, reader = (_server(Path(scratch) / name, stack) for name in ("author", "reader"))
        author, reader = _register(author), _register(reader)
        made = author.call(
            "POST", f"{_CLIENT}/createRoom", {"invite": [reader.user], "preset": "private_chat"}
        )
        room = str(made["room_id"])
        wait_until_ready(
            lambda: room in _sync(reader, "", 1_000)["rooms"].get("invite", {}), "the invitation"
        )
        reader.call("POST", f"{_CLIENT}/join/{room}", {})
        since = str(_sync(reader, "", 0)["next_batch"])
        begun = perf_counter()
        with ThreadPoolExecutor(AT_ONCE) as senders:
            sent = [senders.submit(_say, author, room, number, text) for number, text in enumerate(texts)]
            heard = _hear(reader, room, since, len(texts))
        for each in sent:
            each.result()
        taken = perf_counter() - begun
    check(sorted(heard) == sorted(texts), "the room has other texts than were said")
    return taken / len(texts)


def _say(author: _Person, room: str, number: int, text: str) -> None:
    said = {"msgtype": "m.text", "body": text}
    author.call("PUT", f"{_CLIENT}/rooms/{room}/send/m.room.message/{number}", said)


def _hear(reader: _Person, room: str, since: str, count: int) -> list[str]:
    found: dict[str, str] = {}
    until = perf_counter() + ENOUGH_S
    while len(found) < count:
        check(perf_counter() < until, "a message did not arrive")
        news = _sync(reader, since, 1_000)
        since = str(news["next_batch"])
        timeline = news["rooms"].get("join", {}).get(room, {}).get("timeline", {})
        new = _messages(timeline.get("events", ()))
        # What came too fast is asked for backwards.
        way, is_left_out = str(timeline.get("prev_batch")), bool(timeline.get("limited"))
        while is_left_out:
            page = reader.call("GET", f"{_CLIENT}/rooms/{room}/messages?dir=b&limit=100&from={way}")
            older = _messages(page["chunk"])
            way, is_left_out = str(page.get("end")), bool(older.keys() - found.keys() - new.keys())
            new |= older
        found |= new
    return list(found.values())


def _messages(events: Iterable[Any]) -> dict[str, str]:
    """Give the texts among events, by the id of each."""
    told = (each for each in events if each["type"] == "m.room.message")
    return {str(each["event_id"]): str(each["content"]["body"]) for each in told}


def _sync(reader: _Person, since: str, wait_ms: int) -> Any:
    asked = quote(json.dumps({"room": {"timeline": {"limit": 10_000}}}))
    news = reader.call(
        "GET", f"{_CLIENT}/sync?timeout={wait_ms}&filter={asked}" + (f"&since={since}" if since else "")
    )
    return {"rooms": {}, **news}


def _register(at: _Person) -> _Person:
    path = "/_synapse/admin/v1/register"
    nonce = str(at.call("GET", path)["nonce"])
    told = b"\0".join([nonce.encode(), b"bench", b"bench", b"notadmin"])
    mac = hmac.new(_SHARED.encode(), told, hashlib.sha1).hexdigest()
    said = {"nonce": nonce, "username": "bench", "password": "bench", "mac": mac, "admin": False}
    found = at.call("POST", path, said)
    return _Person(address=at.address, user=str(found["user_id"]), token=str(found["access_token"]))


def _server(place: Path, stack: ExitStack) -> _Person:
    """Set up and start a server; it is called at a port of its own, and by the other one at another, in TLS."""
    installed = folder("synapse")
    assert installed is not None, "it is asked for where it is there"
    place.mkdir()
    called, federated = free_port(), free_port()
    subprocess.run(
        [*_CERTIFICATE, "-keyout", place / "tls.key", "-out", place / "tls.crt"],
        check=True,
        capture_output=True,
    )
    subprocess.run([installed / "bin" / "generate_signing_key", "-o", place / "signing.key"], check=True)
    told = _settings(place, called, federated)
    # What JSON says, YAML says too.
    (place / "settings.yaml").write_text(json.dumps(told), encoding="utf-8")
    stack.enter_context(running(installed / "bin" / "synapse_homeserver", "-c", place / "settings.yaml"))
    person = _Person(address=f"http://127.0.0.1:{called}")
    wait_until_ready(lambda: person.call("GET", "/_matrix/client/versions"), "the Matrix server")
    return person


_CERTIFICATE = (
    *(
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "2",
    ),
    *("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"),
)


def _settings(place: Path, called: int, federated: int) -> dict[str, object]:
    listener = {"bind_addresses": ["127.0.0.1"], "type": "http"}
    fast = {"per_second": 1e6, "burst_count": 1_000_000}
    log = {"version": 1, "disable_existing_loggers": False}
    (place / "log.yaml").write_text(json.dumps(log), encoding="utf-8")
    return {
        "server_name": f"localhost:{federated}",
        "listeners": [
            {**listener, "port": called, "tls": False, "resources": [{"names": ["client"]}]},
            {**listener, "port": federated, "tls": True, "resources": [{"names": ["federation"]}]},
        ],
        "database": {"name": "sqlite3", "args": {"database": str(place / "server.db")}},
        "log_config": str(place / "log.yaml"),
        "media_store_path": str(place / "media"),
        "pid_file": str(place / "pid"),
        "registration_shared_secret": _SHARED,
        "macaroon_secret_key": _SHARED,
        "form_secret": _SHARED,
        "signing_key_path": str(place / "signing.key"),
        "tls_certificate_path": str(place / "tls.crt"),
        "tls_private_key_path": str(place / "tls.key"),
        "report_stats": False,
        "trusted_key_servers": [],
        "suppress_key_server_warning": True,
        # Both are on this machine, with certificates that nobody signed.
        "federation_verify_certificates": False,
        "ip_range_blacklist": [],
        "federation_ip_range_blacklist": [],
        "rc_message": fast,
        "rc_joins": {"local": fast, "remote": fast},
        "rc_invites": {"per_room": fast, "per_user": fast},
        "rc_federation": {
            "window_size": 1_000,
            "sleep_limit": 1_000_000,
            "sleep_delay": 0,
            "reject_limit": 1_000_000,
            "concurrent": 100,
        },
    }
