# SPDX-License-Identifier: Apache-2.0
"""Cards in words: keys, what a later card changes, a peer's chain."""

from collections.abc import Iterator, Sequence

from legation.records import CardChangeRecord, KeyChangeRecord, KeyRecord, PeerCardsRecord

KEY_DIGITS = 16  # of its id; more are not needed to tell keys of one office apart


def words_lines(words: Sequence[str]) -> Iterator[str]:
    """Spell a fingerprint, six words a line."""
    if words:
        yield f"  {' '.join(words[:6])}"
        yield f"  {' '.join(words[6:])}"


def key_lines(keys: Sequence[KeyRecord]) -> Iterator[str]:
    """List keys."""
    for each in keys:
        since = f" since {each.since}" if each.since else ""
        yield f"  {each.role:<6}  {each.key[:KEY_DIGITS]}  {each.state}{since}  {each.algorithm}"


def change_lines(found: CardChangeRecord) -> Iterator[str]:
    """Say what a card changes, before anybody signs or confirms it."""
    if found.after < 0:
        yield f"card {found.number} of {found.office}, of which no card is trusted yet"
    else:
        yield f"card {found.number} of {found.office}, after card {found.after}, changes:"
    yield from words_lines(found.fingerprint)
    for each in found.keys:
        yield f"  {each.role} key {each.key[:KEY_DIGITS]}: {_step(each)}"
    if found.addresses or found.addresses_before:
        yield f"  addresses: {_from_to(found.addresses_before, found.addresses)}"
    if found.policies or found.policies_before:
        yield f"  policies: {_from_to(found.policies_before, found.policies)}"
    if not (found.keys or found.addresses or found.addresses_before or found.policies):
        yield "  nothing but its number and time"


_RETIRED = {
    "item": "RETIRED: signs no more; what it signed holds if its own office hands it over, or it was held before",
    "stream": "RETIRED: signs no more; what it signed holds",
    "seal": "RETIRED: nothing more is sealed to it",
}


def _step(each: KeyChangeRecord) -> str:
    if each.state == "current":
        return "new"
    if each.state == "retired":
        return _RETIRED[each.role]
    reach = f"what came since {each.since}" if each.since else "whatever it signed"
    return (
        f"REVOKED: {reach} is set apart" if each.role == "item" else "REVOKED: nothing under it is accepted"
    )


def _from_to(before: Sequence[str], after: Sequence[str]) -> str:
    new = ", ".join(after) or "none"
    return f"{new} (before: {', '.join(before)})" if before else new


def peer_cards_text(found: PeerCardsRecord) -> str:
    """Say of a peer's chain who vouches for it, and what the card that waits would change."""
    return "\n".join(_peer_lines(found))


def _peer_lines(found: PeerCardsRecord) -> Iterator[str]:
    why = f" ({found.why})" if found.why else ""
    yield f"{found.office}   link {found.link}{why}"
    yield f"root key {found.root[:KEY_DIGITS]}"
    for each in found.cards:
        trust = f"confirmed by {each.confirmed_by}" if each.confirmed_by else "NOT CONFIRMED"
        yield f"card {each.number} of {each.time}, added by {each.added_by}, {trust}"
        yield from words_lines(each.fingerprint)
    if found.keys:
        yield "keys that are trusted:"
        yield from key_lines(found.keys)
    if found.waits is not None:
        yield "WAITS TO BE CONFIRMED:"
        yield from change_lines(found.waits)
        yield f"compare its words with {found.office} by another way; then a second person:"
        yield f"  legation peer confirm {found.office} --by NAME"
    for one in found.evidence:
        yield f"evidence of {one.found}: {one.what}"
