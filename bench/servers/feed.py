# SPDX-License-Identifier: Apache-2.0
"""
TAXII: an author posts to a collection, a reader gets from it. The server keeps it in memory.

Source: TAXII 2.1, sections 5.4 and 5.5.
"""

import base64
import json
import tempfile
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from bench.measure import check
from bench.offices import free_port
from bench.servers import folder, running, wait_until_ready

COLLECTION = "91a7b528-80eb-42ed-a74d-c6fbd5a26116"
TOGETHER = 100  # objects that are posted, and asked for, at once
_MEDIA_TYPE = "application/taxii+json;version=2.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fed:
    """Seconds of one object each way."""

    posted: float
    got: float


def hand_over(texts: Sequence[str]) -> Fed:
    """Post notes with these texts, and get them all."""
    port, installed = free_port(), folder("taxii")
    assert installed is not None, "it is asked for where it is there"
    notes = [_note(number, text) for number, text in enumerate(texts)]
    with tempfile.TemporaryDirectory() as scratch:
        settings = _write_settings(Path(scratch), port)
        with running(installed / "bin" / "medallion", "--host", "127.0.0.1", "--port", str(port), settings):
            way = f"http://127.0.0.1:{port}/api/collections/{COLLECTION}/"
            wait_until_ready(lambda: _call(way) is not None, "the TAXII server")
            begun = perf_counter()
            for start in range(0, len(notes), TOGETHER):
                _call(f"{way}objects/", {"objects": notes[start : start + TOGETHER]})
            posted = perf_counter() - begun
            begun = perf_counter()
            got = _get_all(way)
            taken = perf_counter() - begun
    check(sorted(got) == sorted(texts), "the TAXII server gave other texts than were posted")
    return Fed(posted=posted / len(texts), got=taken / len(texts))


def _get_all(way: str) -> list[str]:
    found: list[str] = []
    asked: dict[str, Any] = {"limit": TOGETHER}
    while True:
        page = _call(f"{way}objects/?{urlencode(asked)}")
        found += [each["content"] for each in page.get("objects", ())]
        if not page.get("more"):
            return found
        asked["next"] = page["next"]


def _call(address: str, said: object | None = None) -> Any:
    data = None if said is None else json.dumps(said).encode()
    who = base64.b64encode(b"bench:bench").decode("ascii")
    headers = {"Accept": _MEDIA_TYPE, "Content-Type": _MEDIA_TYPE, "Authorization": f"Basic {who}"}
    with urlopen(Request(address, data, headers), timeout=60) as answer:  # noqa: S310 - http, to this machine
        return json.load(answer)


def _note(number: int, text: str) -> dict[str, object]:
    at = f"2026-01-01T{number // 3600:02d}:{number // 60 % 60:02d}:{number % 60:02d}.000Z"
    return {
        "type": "note",
        "spec_version": "2.1",
        "id": f"note--{uuid.uuid4()}",
        "created": at,
        "modified": at,
        "content": text,
        "object_refs": [f"report--{COLLECTION}"],
    }


def _write_settings(scratch: Path, port: int) -> Path:
    root = f"http://127.0.0.1:{port}/api/"
    collection = {
        "id": COLLECTION,
        "title": "bench",
        "can_read": True,
        "can_write": True,
        "media_types": ["application/stix+json;version=2.1"],
        "objects": [],
        "manifest": [],
    }
    data = {
        "/discovery": {"title": "bench", "default": root, "api_roots": [root]},
        "api": {
            "information": {"title": "bench", "versions": [_MEDIA_TYPE], "max_content_length": 100 << 20},
            "status": [],
            "collections": [collection],
        },
    }
    kept = scratch / "data.json"
    kept.write_text(json.dumps(data), encoding="utf-8")
    backend = {
        "module": "medallion.backends.memory_backend",
        "module_class": "MemoryBackend",
        "filename": str(kept),
    }
    settings = scratch / "settings.json"
    told = {"backend": backend, "users": {"bench": "bench"}, "taxii": {"max_page_size": TOGETHER}}
    settings.write_text(json.dumps(told), encoding="utf-8")
    return settings
