# SPDX-License-Identifier: Apache-2.0
"""
Judging: what becomes of a view that came from a peer, and how it is kept.

A view is held, set apart (quarantine), or refused for ever. It is judged when it comes, and what is set
apart is judged again by the same rules when a policy is accepted or a card is confirmed (``accepting``).
"""

from dataclasses import dataclass

from legation.errors import MalformedError, ProofError, SignatureError
from legation.exchange import RefusalCode
from legation.item.portion import is_controlled
from legation.item.reference import reference
from legation.item.view import Contents, authenticate, inspect
from legation.keys.card import KeyState, PolicyReference
from legation.keys.sign import KeyId
from legation.labels import Label, Policies, Reader
from legation.node.desk.versions import fold_versions
from legation.node.rules import Rules
from legation.projections import fold
from legation.release import decide_label
from legation.store.blobs import Blobs
from legation.store.sqlite import access, destructions, inbox, items
from legation.store.sqlite.database import Writing
from legation.store.sqlite.items import ViewState

CONTROLLED = "it is under its originator's control, and came by another office"
TAKEN_BACK = "taken back by its sender"
"""Why a view is set apart that was void when it came; it is not judged again."""


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A view that came: what it is, and where it goes."""

    contents: Contents | None
    state: ViewState | None  # None: refused for ever
    because: str = ""
    office: str = ""
    refusal: RefusalCode | None = None


class WhyApart:
    """
    Says why what carries a label is shown to nobody here; asked once for each label.

    Args:
        policies: The policies at hand.
        reader: This office, as others may hand it something.
    """

    def __init__(self, policies: Policies, reader: Reader) -> None:
        self._policies = policies
        self._reader = reader
        self._known: dict[tuple[PolicyReference, Label], str] = {}

    def __call__(self, contents: Contents) -> str:
        """Why a verified view is shown to nobody; empty if nothing is against it."""
        return next(filter(None, (self._layer(each.policy, each.label) for each in contents.layers)), "")

    def _layer(self, named: PolicyReference, label: Label) -> str:
        found = self._known.get((named, label))
        if found is None:
            found = self._known[named, label] = self._find(named, label)
        return found

    def _find(self, named: PolicyReference, label: Label) -> str:
        if self._policies.resolve(named) is None:
            return f"policy {named.id} version {named.version} is not at hand"
        if not decide_label(self._policies, self._reader, named, label).permitted:
            return "by its labels it is not for this office"
        return ""


def judge(view: bytes, sender: str, rules: Rules, why: WhyApart, *, held_at: int) -> Judged:
    """
    Say what becomes of a view that came from *sender*.

    1. What can never verify is refused, whatever we trust. A signature that does not hold is told only to
       whoever knows that we have the author's card: the author's own office. To others it would tell that.
    2. What we cannot or do not trust is set apart: an author whose card is not pinned, a key that was revoked
       (unless it came before the instant from which that holds), a retired key through a relay, a policy that
       is not at hand.
    3. So is what is under its originator's control, unless its author hands it over: nobody else may.
    4. So is what by its own labels is not for us: somebody made a mistake.

    Args:
        view: The bytes.
        sender: Whose stream they came on.
        rules: Cards and policies at hand.
        why: What by its own labels is not for us.
        held_at: When it was durably received here. No date that the author wrote counts.
    """
    # 1. Never.
    try:
        contents = inspect(view)
    except (MalformedError, ProofError) as error:
        code = RefusalCode.PROOF if isinstance(error, ProofError) else RefusalCode.MALFORMED
        return Judged(contents=None, state=None, refusal=code)
    author = rules.pinned.item_key(KeyId(contents.wire.header.author))
    if author is None:
        return _apart(contents, "its author's card is not pinned")
    if author.is_revoked(held_at):
        return _apart(contents, "its author's key is revoked", str(author.office))
    office = str(author.office)
    try:
        verified = authenticate(contents, rules.pinned, trusts_revoked=True)
    except SignatureError:
        if office not in {sender, rules.office}:
            return _apart(contents, "its signature is not that of its author's key")
        return Judged(contents=None, state=None, refusal=RefusalCode.SIGNATURE)
    # 2. Not trusted.
    if author.state is KeyState.RETIRED and office != sender:
        return _apart(verified, "its author's key is retired, and it came by another office", office)
    # 3. Not theirs to pass on.
    if office != sender and any(is_controlled(each) for layer in verified.layers for each in layer.portions):
        return _apart(verified, CONTROLLED, office)
    # 4. Not for us.
    because = why(verified)
    if because:
        return _apart(verified, because, office)
    return Judged(contents=verified, state=ViewState.HELD, office=office)


def _apart(contents: Contents, because: str, office: str = "") -> Judged:
    return Judged(contents=contents, state=ViewState.QUARANTINED, because=because, office=office)


def keep_view(db: Writing, judged: Judged, source: str, *, blobs: Blobs, now: int) -> int:
    """Store a view that came, its layers, and its inbox row if it may be shown; of what was destroyed here no byte."""
    contents = judged.contents
    assert contents is not None, "what is refused is not kept"
    assert judged.state is not None, "what is refused is not kept"
    layers = [access.intern(db, layer.policy, layer.label) for layer in contents.layers]
    items.save_item(
        db,
        item_id=contents.item_id,
        document=contents.document,
        time=contents.time,
        kind=contents.kind,
        author=contents.wire.header.author,
        office=judged.office,
        reference=reference(judged.office, contents.time, contents.item_id) if judged.office else "",
        is_own=False,
        at=now,
    )
    if destructions.is_destroyed(db, contents.item_id):
        # Under its labels only what might have been shown.
        shown = layers if judged.state is ViewState.HELD else ()
        return items.save_destroyed(db, contents.data, contents.item_id, source=source, layers=shown, at=now)
    view_key = items.save_view(
        db,
        data=contents.data,
        item_id=contents.item_id,
        source=source,
        layers=layers,
        state=judged.state,
        because=judged.because,
        blobs=blobs,
        at=now,
    )
    if judged.state is ViewState.HELD:
        inbox.fold_view(db, view_key, fold(contents, layers))
        fold_versions(db, contents.item_id, blobs)
    return view_key
