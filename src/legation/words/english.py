# SPDX-License-Identifier: Apache-2.0
"""
English.

Use::

    english.decision(decision)  # "granted, not on the list"
    english.nearest(explanation)  # "nearest change: add AUS to Releasable To"
"""

from legation.labels import Act, FaultCode, ReasonCode, TranslationCode
from legation.words.wording import Wording

ENGLISH = Wording(
    permitted="granted",
    reasons={
        ReasonCode.LABEL_INVALID: "the label is not valid: {fault}",
        ReasonCode.POLICY_UNKNOWN: "the policy that the label names is not known here",
        ReasonCode.CLEARANCE_POLICY_DIFFERS: "there is no clearance under {wanted}",
        ReasonCode.CLEARANCE_DATE_NEEDED: "the clearance is bounded in time, and no date is given",
        ReasonCode.CLEARANCE_NOT_IN_FORCE: "the clearance is not in force on this date",
        ReasonCode.CLASSIFICATION_NOT_HELD: "level: {wanted} is not granted, only {held}",
        ReasonCode.ALL_NOT_HELD: "{tag}: all of {wanted} must be held, held is {held}",
        ReasonCode.ONE_NOT_HELD: "{tag}: one of {wanted} must be held, held is {held}",
        ReasonCode.CLASSIFICATION_HELD: "level: {wanted} is granted",
        ReasonCode.ALL_HELD: "{tag}: all of {wanted} are held",
        ReasonCode.ONE_HELD: "{tag}: {held} is held",
    },
    summaries={
        ReasonCode.ONE_NOT_HELD: "granted, not on the list",
        ReasonCode.CLASSIFICATION_NOT_HELD: "level not granted",
        ReasonCode.ALL_NOT_HELD: "caveat not granted",
    },
    aspects={
        ReasonCode.ONE_NOT_HELD: "list",
        ReasonCode.CLASSIFICATION_NOT_HELD: "level",
        ReasonCode.ALL_NOT_HELD: "caveat",
    },
    faults={
        FaultCode.POLICY_DIFFERS: "it is not a label of {subject}",
        FaultCode.POLICY_NOT_IN_FORCE: "the policy {subject} is not in force on this date",
        FaultCode.DATE_NEEDED: "{subject} is bounded in time, and no date is given",
        FaultCode.CLASSIFICATION_UNKNOWN: "{subject} is no classification of the policy",
        FaultCode.CLASSIFICATION_OBSOLETE: "{subject} is obsolete, new labels do not use it",
        FaultCode.TAG_UNKNOWN: "{tag} is no list of the policy",
        FaultCode.TYPE_DIFFERS: "{tag} has no {subject} values in the policy",
        FaultCode.CATEGORY_EMPTY: "{tag} has no value left, so nobody is on it",
        FaultCode.VALUE_UNKNOWN: "{subject} is no value of {tag} in the policy",
        FaultCode.VALUE_OBSOLETE: "{subject} of {tag} is obsolete, new labels do not use it",
        FaultCode.VALUE_NOT_IN_FORCE: "{subject} of {tag} is not in force on this date",
        FaultCode.CLASS_EXCLUDED: "{subject} of {tag} may not stand with {values}",
        FaultCode.CLASS_REQUIRED: "{subject} of {tag} stands only with {values}",
        FaultCode.CATEGORY_REQUIRED: "{subject} needs {tag}: {values}",
        FaultCode.CATEGORY_EXCLUDED: "{subject} may not stand with {values} of {tag}",
        FaultCode.TOO_FEW: "{tag} has fewer values than the policy wants",
        FaultCode.TOO_MANY: "{tag} has more values than the policy allows",
    },
    translations={
        TranslationCode.LABEL_INVALID: "the label is not valid in its own policy: {fault}",
        TranslationCode.POLICY_IS_THE_SAME: "the label is one of {subject} already",
        TranslationCode.POLICY_NOT_EQUIVALENT: "neither policy says what it has in common with {subject}",
        TranslationCode.CLASSIFICATION_UNMAPPED: "{subject} has no equivalent",
        TranslationCode.CLASSIFICATION_AMBIGUOUS: "{subject} could be several, or the policies disagree on it",
        TranslationCode.VALUE_UNMAPPED: "{subject} of {tag} has no equivalent and may not be left out",
        TranslationCode.VALUE_AMBIGUOUS: (
            "{subject} of {tag} could be several, or the policies disagree on it"
        ),
        TranslationCode.CONSTRAINT_LOST: "{subject} of {tag} would decide nothing as {values}",
        TranslationCode.LIST_LOST: "{tag} would be gone, and everybody be let in",
        TranslationCode.LISTS_JOINED: "several conditions would become one list of {tag}: {values}",
        TranslationCode.REQUIREMENT_OPEN: "{tag} is needed there, and somebody must choose: {values}",
        TranslationCode.REQUIREMENT_UNMET: "what is needed there of {tag} is not met: {values}",
        TranslationCode.WOULD_WIDEN: "{subject} is needed there and would open {tag}, which has {values}",
        TranslationCode.RESULT_INVALID: "the label would not be valid there: {fault}",
    },
    acts={
        Act.ADD: "add {values} to {tag}",
        Act.REMOVE: "take {values} off {tag}",
        Act.LOWER: "lower {tag} to {values}",
        Act.GRANT: "grant {values} of {tag}",
    },
    class_acts={
        Act.ADD: "add {values}",
        Act.REMOVE: "take {values} off",
        Act.LOWER: "lower to {values}",
        Act.GRANT: "grant {values}",
    },
    deliveries={
        "waiting": "waits to be handed over",
        "numbered": "on its way; no receipt yet",
        "receipted": "received by their registry; receipt held",
        "withheld": "not handed over",
        "void": "taken back before it was received",
        "withdrawn": "withdrawn",
        "no-connection": "no connection yet",
        "unreachable": "unreachable: not heard of lately",
        "link-stopped": "the link is stopped",
        "not-yet-pulled": "handed over when they ask next",
        "refused-by-rule": "refused by rule: nothing of what was approved is permitted now",
        "empty-cut": "nothing is sent: what they may see holds no paragraph",
        "no-difference": "nothing is sent: it says to them what they have",
        "replaced": "not handed over: something newer stands in its place",
        "waits-for-bag": "waits for a bag, or until they ask",
        "too-long-to-push": "too long to be pushed: waits for a bag, or until they ask",
        "no-way-back": "handed over in a bag; no receipt is possible",
        "printed": "printed; handed over when a person says so",
        "handed-over": "handed over on paper, as one of us has said; no receipt of theirs",
        "to-be-printed": "to be printed: they have no node",
        "destroyed": "the copy on paper was destroyed before it was handed over",
        "printed-before": "withdrawn after it was printed; nobody has said what became of the copy",
        "not-received": "withdrawn; there is no receipt for it",
        "received-before": "withdrawn after their registry had received it; that they know is not confirmed",
        "withdrawal-received": "withdrawn after their registry had received it; they have received the withdrawal; "
        "that it is destroyed is not confirmed",
        "certified": "their registry had received it, and has destroyed what it held; certificate held",
        "expired": "expired before it could be handed over",
        "sent-again": "went in a stream that was left when one of the two lost something: it goes again",
        "taken-back": "taken back before it was received: the rules changed",
    },
    nearest_change="nearest change: {changes}",
    nearest_grant="nearest grant: {changes}",
    no_change="no change of the label would do",
    nothing="none",
    shortened="{names} and {count} more",
    listed=", ",
    last=" and ",
    also="; ",
)

reason = ENGLISH.reason
fault = ENGLISH.fault
translation = ENGLISH.translation
change = ENGLISH.change
decision = ENGLISH.decision
nearest = ENGLISH.nearest
grant = ENGLISH.grant
delivery = ENGLISH.delivery
