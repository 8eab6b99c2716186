# SPDX-License-Identifier: Apache-2.0
"""
The wording of reasons, faults and changes, whatever the language.

A language is a ``Wording``: one template for each code. Templates name values, classifications and
lists of a policy, and nothing else: what they are filled with never holds content.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from legation.labels import (
    Act,
    Change,
    Decision,
    Explanation,
    Fault,
    FaultCode,
    Reason,
    ReasonCode,
    TranslationCode,
    TranslationFault,
)

NAMES_SAID_MAX = 12  # of one list; a policy may have hundreds of parties, and a sentence is read


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """
    The templates of one language.

    ``reasons`` may use ``{tag}``, ``{wanted}``, ``{held}`` and ``{fault}``; ``faults`` and ``acts``
    may use ``{subject}``, ``{tag}`` and ``{values}``. An act on the classification takes its
    template from ``class_acts``. ``translations`` may use ``{subject}``, ``{tag}``, ``{values}`` and
    ``{fault}``. ``deliveries`` say a reason of a delivery, by its code, or its state. ``summaries`` say what alone stands in the way, ``aspects`` name
    it beside others, both in the order in which they are said.
    """

    permitted: str
    reasons: Mapping[ReasonCode, str]
    summaries: Mapping[ReasonCode, str]
    aspects: Mapping[ReasonCode, str]
    faults: Mapping[FaultCode, str]
    translations: Mapping[TranslationCode, str]
    acts: Mapping[Act, str]
    class_acts: Mapping[Act, str]
    deliveries: Mapping[str, str]
    nearest_change: str
    nearest_grant: str
    no_change: str
    nothing: str
    shortened: str
    listed: str
    last: str
    also: str

    def reason(self, reason: Reason) -> str:
        """Say one reason of a decision."""
        return self.reasons[reason.code].format(
            tag=reason.tag,
            wanted=self._names(reason.wanted),
            held=self._names(reason.held),
            fault="" if reason.fault is None else self.fault(reason.fault),
        )

    def fault(self, fault: Fault) -> str:
        """Say one fault of a label."""
        return self.faults[fault.code].format(
            subject=fault.subject, tag=fault.tag, values=self._names(fault.values)
        )

    def translation(self, fault: TranslationFault) -> str:
        """Say one thing that stands in the way of a translation."""
        return self.translations[fault.code].format(
            subject=fault.subject,
            tag=fault.tag,
            values=self._names(fault.values),
            fault="" if fault.fault is None else self.fault(fault.fault),
        )

    def change(self, change: Change) -> str:
        """Say one change of a label or a clearance."""
        templates = self.acts if change.tag else self.class_acts
        return templates[change.act].format(tag=change.tag, values=self._names(change.values))

    def decision(self, decision: Decision) -> str:
        """Say a decision in a few words: what stands in the way, not each value of it."""
        if decision.permitted:
            return self.permitted
        codes = {reason.code for reason in decision.reasons}
        if not codes or not codes <= self.aspects.keys():
            return self.also.join(self.reason(reason) for reason in decision.reasons)
        if len(codes) == 1:
            return self.summaries[codes.pop()]
        return self._in_a_row(said for code, said in self.aspects.items() if code in codes)

    def nearest(self, explanation: Explanation) -> str:
        """Say the nearest change of the label, or that there is none."""
        if not explanation.of_label:
            return self.no_change
        return self.nearest_change.format(changes=self._in_a_row(map(self.change, explanation.of_label)))

    def grant(self, explanation: Explanation) -> str:
        """Say the nearest change of the clearance; nothing where it could not help."""
        if not explanation.of_clearance:
            return ""
        return self.nearest_grant.format(changes=self._in_a_row(map(self.change, explanation.of_clearance)))

    def delivery(self, code: str) -> str:
        """Say why a delivery stands where it stands: by the code of the reason, or of the state."""
        return self.deliveries[code]

    def _names(self, names: tuple[str, ...]) -> str:
        said = self.listed.join(names[:NAMES_SAID_MAX]) or self.nothing
        more = len(names) - NAMES_SAID_MAX
        return said if more <= 0 else self.shortened.format(names=said, count=more)

    def _in_a_row(self, parts: Iterable[str]) -> str:
        *first, final = parts
        return self.last.join([self.listed.join(first), final]) if first else final
