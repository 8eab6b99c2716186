# SPDX-License-Identifier: Apache-2.0
"""
Decoders of what people and other programs write: policies, labels, clearances, reports, marks, addresses.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import msgspec

from legation.errors import MalformedError, RefusedError
from legation.formats import clearances, markdown, spif, stanag4774, xml
from legation.formats.shipped import NAMES, shipped, shipped_bytes
from legation.formats.spif_schema import NAMESPACE as SPIF
from legation.keys.card import Office
from legation.labels import (
    Clearance,
    Label,
    Policies,
    Policy,
    Succession,
    TagType,
    category,
    gathered,
    parse_mark,
    portion_mark,
    validate,
)
from legation.labels.chain import read_statement
from legation.log.note import check_key_name, decode_base64
from legation.node.desk.drafting import typed_digest
from legation.node.files import preview_report
from legation.node.labelling import decide_on, instant, originator_of, read_labels
from legation.node.peers.peering import read_date
from legation.node.surroundings import HERE
from legation.transports.http.address import may_be_called, read_address
from tests.fuzz.judge import CANARY, Decoder
from tests.fuzz.mutation import Syntax

NOW = datetime(2026, 6, 29, tzinfo=UTC)

# Documents with the canary wherever content may stand. Names of policies are no content.

LABEL = f"""<?xml version="1.0" encoding="UTF-8"?>
<s:originatorConfidentialityLabel xmlns:s="{stanag4774.LABEL_NAMESPACE}" ReviewDateTime="2029-04-01T09:00:00Z">
<s:ConfidentialityInformation>
<s:PolicyIdentifier URI="urn:oid:2.25.1">TRIAL</s:PolicyIdentifier>
<s:Classification>SECRET {CANARY}</s:Classification>
<s:PrivacyMark>{CANARY}</s:PrivacyMark>
<s:Category Type="PERMISSIVE" TagName="To {CANARY}" URI="urn:oid:2.25.2">
<s:GenericValue>{CANARY} A</s:GenericValue>
<s:GenericValue>{CANARY} B</s:GenericValue>
</s:Category>
<s:Category Type="RESTRICTIVE" TagName="Caveat"><s:GenericValue>{CANARY}</s:GenericValue></s:Category>
<s:Category Type="INFORMATIVE" TagName="Note"><s:GenericValue>{CANARY}</s:GenericValue></s:Category>
</s:ConfidentialityInformation>
<s:OriginatorID IDType="rfc822Name">{CANARY}@example.test</s:OriginatorID>
<s:CreationDateTime>2026-06-29T12:00:00Z</s:CreationDateTime>
</s:originatorConfidentialityLabel>
""".encode()

SUCCESSION = f"""<s:SuccessionHandling>
<s:SuccessionDateTime>2027-06-29T12:00:00Z</s:SuccessionDateTime>
<s:SuccessorConfidentialityLabel>
<s:ConfidentialityInformation>
<s:PolicyIdentifier URI="urn:oid:2.25.1">TRIAL</s:PolicyIdentifier>
<s:Classification>OPEN {CANARY}</s:Classification>
</s:ConfidentialityInformation>
<s:CreationDateTime>2026-06-29T12:00:00Z</s:CreationDateTime>
</s:SuccessorConfidentialityLabel>
</s:SuccessionHandling>
""".encode()
LABEL_END = b"</s:originatorConfidentialityLabel>"
LABELS = (
    LABEL,
    LABEL.replace(b"originatorC", b"alternativeC"),
    LABEL.replace(LABEL_END, SUCCESSION + LABEL_END),
    LABEL.replace(b"s:", b"").replace(b"xmlns:s", b"xmlns").replace(b"xmln=", b"xmlns="),
)

CLEARANCE = f"""<c:ConfidentialityClearance xmlns:c="{stanag4774.CLEARANCE_NAMESPACE}"
 xmlns:s="{stanag4774.LABEL_NAMESPACE}">
<s:PolicyIdentifier URI="urn:oid:2.25.1">TRIAL</s:PolicyIdentifier>
<c:ClassificationList>
<s:Classification>SECRET {CANARY}</s:Classification>
<s:Classification>OPEN</s:Classification>
</c:ClassificationList>
<s:Category Type="PERMISSIVE" TagName="To"><s:GenericValue>{CANARY} A</s:GenericValue></s:Category>
<s:Category Type="RESTRICTIVE" TagName="{CANARY}"><s:GenericValue>B</s:GenericValue></s:Category>
</c:ConfidentialityClearance>
""".encode()

TOML = f"""# {CANARY}
policy = "TRIAL"
policy_id = "2.25.1"
classifications = ["OPEN", "SECRET {CANARY}"]
not_before = 2026-01-01T00:00:00Z
not_after = 2027-06-30T00:00:00+09:00

[permissive]
Context = ["Releasable"]
"Releasable To" = ["KOR", '{CANARY}', "{CANARY} B"]

[restrictive]
Caveats = {{id = "2.25.1.1", values = ["HERON", "{CANARY}"]}}
""".encode()

POLICY = f"""<?xml version="1.0" encoding="UTF-8"?>
<SPIF xmlns="{SPIF}" schemaVersion="2.1" version="7" creationDate="20260629120000Z" originatorDN="CN={CANARY}"
 keyIdentifier="00" privilegeId="2.25.1" rbacId="2.25.1" notBefore="2026-01-01T00:00:00Z">
<defaultSecurityPolicyId name="NONE" id="2.25.1.9"/>
<securityPolicyId name="TRIAL" id="2.25.1.1">
<markingData phrase=""><code>replacePolicy</code></markingData>
</securityPolicyId>
<securityClassifications name="{CANARY} levels">
<securityClassification name="LOW" lacv="20" hierarchy="1" color="green">
<equivalentClassification policyRef="OTHER" lacv="1" applied="both"/>
</securityClassification>
<securityClassification name="HIGH {CANARY}" lacv="10" hierarchy="2" color="#b3001b" obsolete="true">
<markingData phrase="{CANARY}" xml:lang="de"><code>pageTop</code><code>pageBottom</code></markingData>
<markingQualifier markingCode="pageTop">
<qualifier markingQualifier="* " qualifierCode="prefix"/>
</markingQualifier>
<requiredCategory operation="oneOrMore">
<categoryGroup tagSetRef="To" tagType="permissive" all="true"/>
</requiredCategory>
</securityClassification>
</securityClassifications>
<securityCategoryTagSets>
<securityCategoryTagSet name="To" id="2.25.1.2">
<securityCategoryTag name="To" tagType="permissive" minSelection="unbounded" maxSelection="3">
<tagCategory name="AUS" lacv="036"/>
<tagCategory name="{CANARY}" lacv="410" requiredClass="HIGH {CANARY}" notAfter="2026-12-31T00:00:00Z">
<equivalentSecCategoryTag policyRef="OTHER" tagSetId="2.25.1.3" tagType="permissive" lacv="1" applied="encrypt"/>
<excludedClass>LOW</excludedClass>
<requiredCategory operation="onlyOne">
<categoryGroup tagSetRef="To" tagType="permissive" lacv="36"/>
</requiredCategory>
<excludedCategory tagSetRef="Mixed" tagType="enumerated" enumType="restrictive" lacv="1"/>
</tagCategory>
<markingQualifier>
<qualifier markingQualifier=", " qualifierCode="separator" xml:lang="en"/>
</markingQualifier>
</securityCategoryTag>
<equivalentSecurityCategoryTagSet policyRef="OTHER" name="To" id="2.25.1.3"/>
</securityCategoryTagSet>
<securityCategoryTagSet name="Mixed" id="2.25.1.4">
<securityCategoryTag tagType="enumerated" enumType="restrictive" singleSelection="true">
<tagCategory name="R {CANARY}" lacv="1"/>
</securityCategoryTag>
<securityCategoryTag tagType="tagType7" tag7Encoding="bitSetAttributes">
<tagCategory name="N" lacv="1"/>
</securityCategoryTag>
</securityCategoryTagSet>
</securityCategoryTagSets>
<privacyMarks><privacyMark name="{CANARY}"/></privacyMarks>
<equivalentPolicies>
<equivalentPolicy name="OTHER" id="2.25.1.5">
<requiredCategory operation="all">
<categoryGroup tagSetRef="theirs" tagType="restrictive" lacv="1"/>
</requiredCategory>
</equivalentPolicy>
</equivalentPolicies>
<markingData phrase="{CANARY} trial"><code>waterMark</code></markingData>
<extensions><any xmlns="urn:x">{CANARY}</any></extensions>
</SPIF>
""".encode()
POLICIES = (POLICY, POLICY, shipped_bytes("tlp-2.0"))

REPORT = f"""kind: report
policy: EXERCISE
title: (S//REL KOR, JPN) {CANARY} one
form: (O) contact report
topics: (L) {CANARY} two, trade
addressees: (C) action KOR; information NATO, JPN@NATO
link: (O) {"ab" * 32}
action: KOR
info: NATO, JPN@NATO
attention: KOR: {CANARY} desk
precedence: priority
desk-by: 2026-11-05T12:00Z

(S//HERON//REL KOR, JPN) {{source: {CANARY} source}}{{grade: B2}}{{status: expected}} {CANARY} text.
A second line of it, with \\{{ and \\\\.

(S//REL KOR) {{tearline}} {CANARY} less.

(S//REL KOR) {{translation: ko, 1}} {CANARY} 대한민국.

(O) {{withheld}} {CANARY} reason

(L//REL KOR, AUS, NATO//STAFF) {{caveat: {CANARY}}}{{handling: {CANARY}}}{{originator-control}} {CANARY} last.
""".encode()
SHORT_REPORT = f"kind: note\npolicy: EXERCISE\n\n(O) {CANARY}.\n".encode()

MARKS = {
    "exercise-1": (
        "(O)",
        "(S)",
        "(S//REL KOR, JPN)",
        "(C//HERON/MAPLE//REL KOR, AUS, NATO//ONLY KOR//STAFF)",
        "(S//REL KOR [Context: Releasable])",
        f"(S//{CANARY})",
    ),
    "tlp-2.0": ("(TLP:RED)", "(TLP:AMBER+STRICT)", f"(TLP:CLEAR {CANARY})"),
}
ADDRESSES = (
    *("192.0.2.17:8443", "mission.example", "https://mission.example", "https://mission.example:8443/a/b"),
    *("localhost:80", f"{CANARY}.example:1", f"https://a.{CANARY}.example/x-{CANARY}/"),
)
DATES = (
    "2026-12-31",
    "2026-12-31T12:00Z",
    "2026-12-31T12:00:00.5+09:00",
    "2026-W53-7",
    "20261231",
    "2026-12-31T24:00",
    "0001-01-01T00:00:00+09:00",
    "9999-12-31T23:59:59-01:00",
)


TOML_NAMES = re.compile(rb"""([\w"' .-]+)\s*=|\[\s*([^\[\]\n]+)|</?([^\s<>/="']+)|([^\s<>/="']+)\s*=""")


def text_of(data: bytes) -> str:
    """Bytes as a program is handed them by a shell: what is not UTF-8 becomes halves of characters."""
    return data.decode("utf-8", "surrogateescape")


def texts(*found: str) -> tuple[bytes, ...]:
    """Texts as inputs."""
    return tuple(each.encode() for each in found)


def _at_hand() -> Policies:
    return Policies(map(shipped, NAMES))


def _marks(name: str) -> Decoder:
    """What is read as a mark prints as a mark of the same label."""
    policy = shipped(name)

    def read(data: bytes) -> Label:
        return parse_mark(policy, text_of(data))

    return Decoder(
        name=f"mark of {name}",
        doors=("legation.labels.typed.parse_mark",),
        read=read,
        back=lambda label: parse_mark(policy, portion_mark(policy, label)),
        corpus=texts(*MARKS[name]),
        syntax=Syntax.LINES,
        words=(b"REL ", b"ONLY ", b"[Context: none]", b"[", b"] [", b"HERON/", b"KOR, ", b"//"),
        cpu_s_per_mb_max=0,
    )


def _word(name: str, door: str, read: Any, corpus: tuple[bytes, ...], **more: Any) -> Decoder:
    """A short text."""
    return Decoder(
        name=name,
        doors=(door,),
        read=lambda data: read(text_of(data)),
        corpus=corpus,
        syntax=Syntax.LINES,
        **more,
    )


def _policy_written(policy: Policy, *, lenient: bool) -> Policy:
    """Write a policy and read it; the file is another, and nothing in it had to be forgiven."""
    found = spif.read(spif.write(policy), lenient=lenient)
    return replace(found, digest=policy.digest, faults=policy.faults)


def _label_of_exercise(data: bytes) -> Label:
    """Read a label that is valid in the policy of the exercise with all that it becomes, in its one form."""
    return _one_form(shipped("exercise-1"), stanag4774.read_label(data))


def _one_form(policy: Policy, label: Label) -> Label:
    alone, later = msgspec.structs.replace(label, succession=None), label.succession
    if validate(policy, alone):
        raise MalformedError("the label is not valid in the policy")
    found = policy.normalize(alone)
    if later is None:
        return found
    later = msgspec.structs.replace(later, label=_one_form(policy, later.label))
    return msgspec.structs.replace(found, succession=later)


def _label_written() -> Decoder:
    """What is valid in a policy is written under it, and reads the same."""
    policy = shipped("exercise-1")
    marks = ("(S//HERON//REL KOR, JPN)", "(L//REL KOR//STAFF)", "(O)")
    labels = [parse_mark(policy, mark) for mark in marks]
    high = msgspec.structs.replace(
        labels[0], succession=Succession(at=NOW, label=labels[1], review_at=NOW + timedelta(days=1))
    )
    return Decoder(
        name="label of a policy",
        doors=("legation.formats.stanag4774_label.read_label",),
        read=_label_of_exercise,
        back=lambda label: _label_of_exercise(stanag4774.write_label(label, policy)),
        corpus=tuple(stanag4774.write_label(each, policy) for each in (*labels, high)),
        syntax=Syntax.XML,
        words=(b"HERON", b"Releasable", b"KOR", b"SECRET", b"EXERCISE", b"slab:Category"),
    )


def _of_xml() -> Iterator[Decoder]:
    def parsed(data: bytes) -> None:
        xml.parse(data, size_bytes_max=1 << 20, what="document")

    names = (b"s:Category", b"GenericValue", b"SuccessionHandling", b"urn:oid:2.25.1", b'Type="RESTRICTIVE"')
    yield Decoder(
        name="xml",
        doors=("legation.formats.xml.parse",),
        read=parsed,
        corpus=(LABEL, CLEARANCE, POLICY, b"<r/>"),
        syntax=Syntax.XML,
        cpu_s_per_mb_max=0.05,
    )
    yield Decoder(
        name="label",
        doors=(
            "legation.formats.stanag4774_label.read_document",
            "legation.formats.stanag4774_label.read_label",
        ),
        read=stanag4774.read_document,
        corpus=LABELS,
        syntax=Syntax.XML,
        words=names,
    )
    yield Decoder(
        name="clearance",
        doors=("legation.formats.stanag4774_clearance.read_clearance",),
        read=stanag4774.read_clearance,
        back=lambda found: stanag4774.read_clearance(stanag4774.write_clearance(found)),
        corpus=(CLEARANCE,),
        syntax=Syntax.XML,
        words=names,
    )
    for lenient in (False, True):
        yield Decoder(
            name="policy, lenient" if lenient else "policy",
            doors=("legation.formats.spif.read",),
            read=partial(spif.read, lenient=lenient),
            back=partial(_policy_written, lenient=lenient),
            corpus=POLICIES,
            syntax=Syntax.XML,
            words=(
                b'applied="decrypt"',
                b'tagType="tagType7"',
                b'all="true"',
                b"unbounded",
                b'action="discard"',
            ),
        )


def _of_clearances() -> Iterator[Decoder]:
    """In all their forms; what is read writes as a text that reads the same."""
    claim = stanag4774.write_claim(stanag4774.read_clearance(CLEARANCE))
    door = "legation.formats"
    words = (
        b"[permissive]",
        b"[informative]",
        b'"Releasable To" = ["KOR"]',
        b"= [[[",
        b"a.b.c = 1",
        b"id = ",
    )
    yield Decoder(
        name="clearance in TOML",
        doors=(f"{door}.clearances.read",),
        read=clearances.read,
        back=lambda found: clearances.read(clearances.write(found)),
        corpus=(TOML,),
        syntax=Syntax.LINES,
        names=TOML_NAMES,
        words=words,
        cpu_s_per_mb_max=10,
    )
    yield _word(
        "clearance as a claim",
        f"{door}.stanag4774_clearance.read_claim",
        stanag4774.read_claim,
        (claim.encode(), claim.encode() + b"="),
        back=lambda found: stanag4774.read_claim(stanag4774.write_claim(found)),
    )
    yield Decoder(
        name="clearance of any form",
        doors=(f"{door}.clearances.read_any",),
        read=clearances.read_any,
        corpus=(TOML, CLEARANCE, claim.encode()),
        syntax=Syntax.XML,
        words=words,
        names=TOML_NAMES,
        cpu_s_per_mb_max=10,
    )


def _of_doors() -> Iterator[Decoder]:
    """What is done with a file that somebody sent: shown, decided on, previewed."""
    at_hand, exercise = _at_hand(), shipped("exercise-1")
    marks = ("(S//HERON//REL KOR, JPN)", "(L//REL KOR//STAFF)", "(O)")
    labels = [stanag4774.write_label(parse_mark(exercise, mark), exercise) for mark in marks]
    labels = [
        each.replace(b"</slab:Classification>", f"<!-- {CANARY} --></slab:Classification>".encode())
        for each in labels
    ]
    lists = (
        category("Context", TagType.PERMISSIVE, ["Own", "Releasable"]),
        category("Releasable To", TagType.PERMISSIVE, ["KOR"]),
        category("Caveats", TagType.RESTRICTIVE, ["HERON"]),
    )
    own = Clearance(policy="EXERCISE", classifications=("SECRET", "OPEN"), categories=gathered(lists))
    held = stanag4774.write_clearance(own)
    yield Decoder(
        name="labels of a file, shown",
        doors=("legation.node.labelling.read_labels",),
        read=lambda data: read_labels(data, at_hand, now=NOW),
        corpus=(*labels, *LABELS),
        syntax=Syntax.XML,
        raises=(MalformedError, RefusedError),
    )
    yield Decoder(
        name="label, decided on",
        doors=("legation.node.labelling.decide_on",),
        read=lambda data: decide_on(exercise, data, held, at=NOW),
        corpus=tuple(labels),
        syntax=Syntax.XML,
        raises=(MalformedError, RefusedError),
    )
    yield Decoder(
        name="clearance, decided with",
        doors=("legation.node.labelling.decide_on",),
        read=lambda data: decide_on(exercise, labels[0], data, at=NOW),
        corpus=(held, CLEARANCE, clearances.write(own)),
        syntax=Syntax.XML,
        names=TOML_NAMES,
        raises=(MalformedError, RefusedError),
    )
    yield Decoder(
        name="report, previewed",
        doors=("legation.node.files.preview_report",),
        read=lambda data: preview_report(data, [("KOR", held)], at_hand, HERE),
        corpus=(REPORT, SHORT_REPORT),
        syntax=Syntax.LINES,
        cpu_s_max=0.2,
        cpu_s_per_mb_max=20,
    )


def _report() -> Decoder:
    at_hand = _at_hand()

    def write_and_read(draft: Any) -> Any:
        policy = at_hand.resolve(draft.policies[0])
        assert policy is not None
        return markdown.read(markdown.write(draft, policy), at_hand, party=None)

    return Decoder(
        name="report",
        doors=("legation.formats.markdown.reading.read",),
        read=lambda data: markdown.read(data, at_hand, party=None),
        back=write_and_read,
        corpus=(REPORT, REPORT, SHORT_REPORT),
        syntax=Syntax.LINES,
        cpu_s_per_mb_max=4,
    )


def written() -> Iterator[Decoder]:
    """All of them."""
    yield from _of_xml()
    yield from _of_clearances()
    yield _report()
    yield _label_written()
    yield from _of_doors()
    yield from (_marks(name) for name in MARKS)
    log = "legation.log.note"
    yield _word("address", "legation.transports.http.address.read_address", read_address, texts(*ADDRESSES))
    yield _word(
        "number that may be called",
        "legation.transports.http.address.may_be_called",
        partial(may_be_called, written=True),
        texts("192.0.2.17", "::ffff:192.0.2.1", "fe80::1%eth0", "100.64.0.1", "64:ff9b::7f00:1"),
        raises=(),
    )
    yield _word(
        "office",
        "legation.keys.card.Office.parse",
        Office.parse,
        texts("KOR", "KOR@NATO", "EU-1@AU"),
        again=lambda office: str(office).encode(),
    )
    yield _word("key name", f"{log}.check_key_name", check_key_name, texts("KOR@NATO/stream", f"{CANARY}/x"))
    yield _word("base64", f"{log}.decode_base64", decode_base64, texts("", "AA==", "AAA=", "AAAA", "+/+/"))
    yield _word(
        "date", "legation.node.peers.peering.read_date", partial(read_date, is_end=True), texts(*DATES)
    )
    yield _word("instant", "legation.node.labelling.instant", instant, texts("2027-06-30T00:00:00Z", *DATES))
    yield _word(
        "originator",
        "legation.node.labelling.originator_of",
        originator_of,
        texts(f"rfc822Name={CANARY}@example.test", f"jID={CANARY}", CANARY),
    )
    statement = f"legation/policy/v1\n2.25.1.7\n3\nnone\n{'ab' * 32}\n"
    yield _word(
        "statement on a policy",
        "legation.labels.chain.read_statement",
        read_statement,
        texts(statement, statement.replace("none", "cd" * 32)),
        again=lambda found: found.text.encode(),
    )
    yield _word(
        "digest", "legation.node.desk.drafting.typed_digest", typed_digest, texts("ab" * 32, "AB" * 32)
    )
