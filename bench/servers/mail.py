# SPDX-License-Identifier: Apache-2.0
"""
Mail: an author signs and encrypts (S/MIME), hands it to Postfix by SMTP, and it lies in the reader's mailbox.

Nobody opens it there and nobody verifies the signature in the time that is taken: that would add to it.
Postfix keeps its queue and the mailbox on the disk, each message synced.
"""

import os
import pwd
import smtplib
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from time import perf_counter, sleep

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs7
from cryptography.x509.oid import NameOID

from bench.measure import check
from bench.offices import free_port
from bench.servers import folder, wait_until_ready

AT_ONCE = 4  # connections to the server
ENOUGH_S = 120
OWNER, GROUP = "mail", "news"  # accounts of every Debian that nothing here uses otherwise
CHECKED = 20  # messages that are opened and verified afterwards
_AUTHOR, _READER = "author@bench.example", "reader@bench.example"


def is_possible() -> bool:
    """Whether Postfix may be started: it wants to begin as root."""
    return os.getuid() == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Keys:
    """A signing key, a key that is encrypted to, and a certificate of each."""

    signing: ec.EllipticCurvePrivateKey
    signed_by: x509.Certificate
    opening: rsa.RSAPrivateKey
    opened_by: x509.Certificate


def hand_over(texts: Sequence[str]) -> float:
    """Mail these texts; seconds of one."""
    keys = _draw()
    port = free_port()
    with tempfile.TemporaryDirectory() as scratch, _postfix(Path(scratch), port) as mailbox:
        begun = perf_counter()
        with ThreadPoolExecutor(AT_ONCE) as senders:
            sent = [senders.submit(_send, texts[start::AT_ONCE], keys, port) for start in range(AT_ONCE)]
            for each in sent:
                each.result()
        while len(os.listdir(mailbox)) < len(texts):  # noqa: PTH208 - names are enough, and counted often
            check(perf_counter() - begun < ENOUGH_S, "a message did not arrive")
            sleep(0.01)
        taken = perf_counter() - begun
        _check_some(mailbox, texts, keys, Path(scratch))
    return taken / len(texts)


def _send(texts: Sequence[str], keys: _Keys, port: int) -> None:
    head = f"From: {_AUTHOR}\r\nTo: {_READER}\r\nSubject: A report\r\n".encode()
    with smtplib.SMTP("127.0.0.1", port) as line:
        for text in texts:
            line.sendmail(_AUTHOR, [_READER], head + _sealed(text, keys).replace(b"\n", b"\r\n"))


def _sealed(text: str, keys: _Keys) -> bytes:
    signed = (
        pkcs7.PKCS7SignatureBuilder()
        .set_data(text.encode())
        .add_signer(keys.signed_by, keys.signing, SHA256())
        .sign(Encoding.DER, [pkcs7.PKCS7Options.Binary])
    )
    return (
        pkcs7.PKCS7EnvelopeBuilder()
        .set_data(signed)
        .set_content_encryption_algorithm(AES256)
        .add_recipient(keys.opened_by)
        .encrypt(Encoding.SMIME, [pkcs7.PKCS7Options.Binary])
    )


def _check_some(mailbox: Path, texts: Sequence[str], keys: _Keys, scratch: Path) -> None:
    """Open and verify a few."""
    pem = keys.opening.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (scratch / "key.pem").write_bytes(pem)
    (scratch / "to.pem").write_bytes(keys.opened_by.public_bytes(Encoding.PEM))
    (scratch / "by.pem").write_bytes(keys.signed_by.public_bytes(Encoding.PEM))
    decrypt = (
        "openssl",
        "cms",
        "-decrypt",
        "-inkey",
        scratch / "key.pem",
        "-recip",
        scratch / "to.pem",
        "-in",
    )
    verify = (
        "openssl",
        "cms",
        "-verify",
        "-inform",
        "DER",
        "-CAfile",
        scratch / "by.pem",
        "-purpose",
        "any",
        "-binary",
    )
    for each in islice(mailbox.iterdir(), CHECKED):
        opened = subprocess.run([*decrypt, each], capture_output=True, check=True).stdout
        told = subprocess.run(verify, input=opened, capture_output=True, check=True).stdout
        check(told.decode() in texts, "another text came than was mailed")


def _draw() -> _Keys:
    signing, opening = ec.generate_private_key(ec.SECP256R1()), rsa.generate_private_key(65537, 2048)
    return _Keys(
        signing=signing,
        signed_by=_certify(signing, _AUTHOR),
        opening=opening,
        opened_by=_certify(opening, _READER),
    )


def _certify(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, name: str) -> x509.Certificate:
    named, now = x509.Name([x509.NameAttribute(NameOID.EMAIL_ADDRESS, name)]), datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(named)
        .issuer_name(named)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, SHA256())
    )


@contextmanager
def _postfix(scratch: Path, port: int) -> Iterator[Path]:
    """Run a Postfix of our own; the folder that new mail comes to."""
    installed = folder("postfix")
    assert installed is not None, "it is asked for where it is there"
    root, owner = installed / "root", pwd.getpwnam(OWNER).pw_uid
    settings, kept = scratch / "settings", scratch / "kept"
    for each in (settings, scratch / "queue", kept, scratch / "mail"):
        each.mkdir()
    for each in (kept, scratch / "mail"):
        os.chown(each, owner, -1)
    scratch.chmod(0o755)
    (settings / "main.cf").write_text(_main(root, scratch, owner), encoding="utf-8")
    (settings / "master.cf").write_text(_master(port), encoding="utf-8")
    command = (root / "usr/sbin/postfix", "-c", settings)
    told = {**os.environ, "LD_LIBRARY_PATH": str(root / "usr/lib/postfix")}
    subprocess.run([*command, "start"], env=told, check=True, capture_output=True)
    try:
        wait_until_ready(lambda: smtplib.SMTP("127.0.0.1", port).quit(), "Postfix")
        yield _made(scratch / "mail/reader/new", owner)
    finally:
        subprocess.run([*command, "stop"], env=told, check=False, capture_output=True)


def _made(mailbox: Path, owner: int) -> Path:
    """Make a mailbox as Postfix would with the first message."""
    for each in ("tmp", "cur", "new"):
        folder_of = mailbox.parent / each
        folder_of.mkdir(parents=True)
        os.chown(folder_of, owner, -1)
    os.chown(mailbox.parent, owner, -1)
    return mailbox


def _main(root: Path, scratch: Path, owner: int) -> str:
    settings = {
        "compatibility_level": "3.6",
        "import_environment": "LD_LIBRARY_PATH MAIL_CONFIG TZ LANG=C",
        "queue_directory": scratch / "queue",
        "data_directory": scratch / "kept",
        "command_directory": root / "usr/sbin",
        "daemon_directory": root / "usr/lib/postfix/sbin",
        "shlib_directory": root / "usr/lib/postfix",
        "meta_directory": root / "etc/postfix",
        "sendmail_path": root / "usr/sbin/sendmail",
        "newaliases_path": root / "usr/sbin/sendmail",
        "mailq_path": root / "usr/sbin/sendmail",
        "manpage_directory": root / "usr/share/man",
        "html_directory": "no",
        "readme_directory": "no",
        "mail_owner": OWNER,
        "setgid_group": GROUP,
        "default_privs": "nobody",
        "myhostname": "localhost",
        "mydestination": "",
        "inet_interfaces": "127.0.0.1",
        "inet_protocols": "ipv4",
        "alias_maps": "",
        "alias_database": "",
        "virtual_mailbox_domains": "bench.example",
        "virtual_mailbox_base": scratch / "mail",
        "virtual_mailbox_maps": "static:reader/",
        "virtual_minimum_uid": "1",
        "virtual_uid_maps": f"static:{owner}",
        "virtual_gid_maps": f"static:{owner}",
        "virtual_mailbox_limit": "0",
        "smtpd_client_connection_rate_limit": "0",
        "maillog_file": scratch / "log",
        "maillog_file_prefixes": scratch,
    }
    return "".join(f"{name} = {value}\n" for name, value in settings.items())


def _master(port: int) -> str:
    services = (
        f"127.0.0.1:{port} inet n - n - - smtpd",
        "cleanup unix n - n - 0 cleanup",
        "qmgr unix n - n 300 1 qmgr",
        "rewrite unix - - n - - trivial-rewrite",
        *(f"{name} unix - - n - 0 bounce" for name in ("bounce", "defer", "trace")),
        "proxymap unix - - n - - proxymap",
        *(f"{name} unix - - n - - error" for name in ("error", "retry")),
        "virtual unix - n n - - virtual",
        "anvil unix - - n - 1 anvil",
        "postlog unix-dgram n - n - 1 postlogd",
    )
    return "\n".join(services) + "\n"
