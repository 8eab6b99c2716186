# SPDX-License-Identifier: Apache-2.0
"""
The errors of Legation, one tree.

::

    LegationError
      x MalformedError        bytes are not what they claim to be; all that decoders raise
      x VerificationError     something signed, hashed or sealed does not hold
        + SignatureError      a signature does not verify, or its author is not known here
        + ProofError          a hash does not lead where it must
        + SealError           a sealed message does not open
        + EquivocationError   one log, two histories; holds both checkpoints
      x RefusedError          policy says no; holds the decision
      x ProtocolError         somebody spoke out of turn; never raised itself
        + LocalProtocolError  we were about to
        + RemoteProtocolError they did
        + GapError            something before it has not come
      x UnreachableError      the other side does not answer
      x StoreError            the store failed, is in use, or is not what it must be

The type says whose fault it is. A message is lower case, has no full stop and **never holds a
word of content**: it may name identifiers, line numbers, labels and mark names, nothing else.
What to try stands apart, in ``hint``. A programmer's mistake is a ``TypeError`` or an assertion.
"""

from collections.abc import Sequence


class LegationError(Exception):
    """Anything that Legation raises on purpose."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class MalformedError(LegationError):
    """
    Bytes are not what they claim to be.

    ``faults`` lists every fault where a reader goes on after the first, else just this one.
    """

    def __init__(self, message: str, *, hint: str = "", faults: Sequence[str] = ()) -> None:
        super().__init__(message, hint=hint)
        self.faults = tuple(faults) or (message,)


class VerificationError(LegationError):
    """Something signed, hashed or sealed does not hold."""


class SignatureError(VerificationError):
    """A signature does not verify, or the key that made it is not known here."""


class ProofError(VerificationError):
    """A hash does not lead where it must."""


class SealError(VerificationError):
    """A sealed message does not open: altered, cut short, or meant for someone else."""


class EquivocationError(VerificationError):
    """
    One log has two histories.

    ``ours`` and ``theirs`` are what proves it: two signed checkpoints, or one and what was recomputed.
    """

    def __init__(self, message: str, *, hint: str = "", ours: bytes = b"", theirs: bytes = b"") -> None:
        super().__init__(message, hint=hint)
        self.ours = ours
        self.theirs = theirs


class RefusedError(LegationError):
    """
    Policy says no.

    ``decision`` is the ``legation.labels.Decision`` that refused, where there is one. ``faults`` are
    records with a code that say all that stood in the way, such as ``legation.labels.TranslationFault``.
    """

    def __init__(
        self, message: str, *, hint: str = "", decision: object = None, faults: Sequence[object] = ()
    ) -> None:
        super().__init__(message, hint=hint)
        self.decision = decision
        self.faults = tuple(faults)


class ProtocolError(LegationError):
    """Somebody spoke out of turn; one of its two kinds says who."""


class LocalProtocolError(ProtocolError):
    """We were about to say what the state of the link does not allow."""


class RemoteProtocolError(ProtocolError):
    """The other side said what the state of the link does not allow."""


class GapError(ProtocolError):
    """Something that comes before this has not come; this may be tried again when it has."""


class UnreachableError(LegationError):
    """The other side does not answer, or not in the time it has."""


class StoreError(LegationError):
    """The store failed, is in use by another process, or is not what it must be."""
