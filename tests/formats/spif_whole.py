# SPDX-License-Identifier: Apache-2.0
"""
A policy that uses all of the schema of XML SPIF once, and the schema to hold documents against.
"""

from lxml import etree

from tests.formats.standards import standard

# One element a line, so that faults are easy to find.
WHOLE = """<?xml version="1.0" encoding="UTF-8"?>
<SPIF xmlns="http://www.xmlspif.org/spif" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
 schemaVersion="2.1" version="7" creationDate="20260629120000Z" originatorDN="CN=TRIAL" keyIdentifier="00"
 privilegeId="2.25.1" rbacId="2.25.1" userRefURI="urn:x:users" docRefURI="urn:x:rules"
 notBefore="2026-01-01T00:00:00Z" notAfter="2027-01-01T01:00:00+01:00">
<defaultSecurityPolicyId name="NONE" id="2.25.1.9"/>
<securityPolicyId name="TRIAL" id="2.25.1.1">
<markingData phrase=""><code>replacePolicy</code></markingData>
</securityPolicyId>
<updateInfo/>
<securityClassifications name="levels">
<securityClassification name="LOW" lacv="20" hierarchy="1" color="green">
<equivalentClassification policyRef="OTHER" lacv="1" applied="both"/>
</securityClassification>
<securityClassification name="HIGH" lacv="10" hierarchy="2" color="#b3001b" obsolete="true">
<equivalentClassification policyRef="OTHER" lacv="2" applied="decrypt">
<requiredCategory operation="onlyOne">
<categoryGroup tagSetRef="theirs too" tagType="tagType7" all="true"/>
</requiredCategory>
</equivalentClassification>
<markingData phrase="HOCH" xml:lang="de"><code>pageTop</code><code>pageBottom</code></markingData>
<markingQualifier markingCode="pageTop">
<qualifier markingQualifier="* " qualifierCode="prefix"/>
</markingQualifier>
<requiredCategory operation="oneOrMore">
<categoryGroup tagSetRef="To" tagType="permissive" all="true"/>
</requiredCategory>
</securityClassification>
<markingData phrase="levels"><code>documentStart</code></markingData>
</securityClassifications>
<securityCategoryTagSets>
<securityCategoryTagSet name="To" id="2.25.1.2">
<securityCategoryTag name="To" tagType="permissive" minSelection="unbounded" maxSelection="3">
<tagCategory name="AUS" lacv="036"/>
<tagCategory name="KOR" lacv="410" requiredClass="HIGH" obsolete="1" notAfter="2026-12-31T00:00:00Z">
<equivalentSecCategoryTag policyRef="OTHER" tagSetId="2.25.1.3" tagType="permissive" lacv="007"
 applied="encrypt"/>
<equivalentSecCategoryTag policyRef="OTHER" tagSetId="2.25.1.3" tagType="notApplicable" lacv=""
 applied="decrypt" action="discard"/>
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
<equivalentSecurityCategoryTagSet policyRef="OTHER" name="An" id="2.25.1.3">
<requiredCategory operation="all">
<categoryGroup tagSetRef="theirs" tagType="permissive" lacv="9"/>
</requiredCategory>
</equivalentSecurityCategoryTagSet>
</securityCategoryTagSet>
<securityCategoryTagSet name="Mixed" id="2.25.1.4">
<securityCategoryTag tagType="enumerated" enumType="restrictive" singleSelection="true">
<tagCategory name="R" lacv="1"/>
</securityCategoryTag>
<securityCategoryTag tagType="enumerated" enumType="permissive">
<tagCategory name="R" lacv="1"/>
</securityCategoryTag>
<securityCategoryTag tagType="restrictive" minSelection="0">
<tagCategory name="S" lacv="s"/>
</securityCategoryTag>
<securityCategoryTag tagType="tagType7" tag7Encoding="bitSetAttributes">
<tagCategory name="N" lacv="1"/>
<tagCategory name="until" lacv="" userInput="date" dateFormat="YYYY-MM-DD"/>
</securityCategoryTag>
</securityCategoryTagSet>
</securityCategoryTagSets>
<privacyMarks maxSelection="1" minSelection="unbounded">
<privacyMark name="CLEAR" obsolete="true">
<markingData phrase="clear"><code>subject</code></markingData>
<markingQualifier><qualifier markingQualifier="." qualifierCode="suffix"/></markingQualifier>
</privacyMark>
</privacyMarks>
<equivalentPolicies>
<equivalentPolicy name="OTHER" id="2.25.1.5" userRefURI="urn:x:them" docRefURI="their rules.xml">
<requiredCategory operation="all">
<categoryGroup tagSetRef="theirs" tagType="restrictive" lacv="1"/>
</requiredCategory>
</equivalentPolicy>
</equivalentPolicies>
<markingData phrase="trial"><code>waterMark</code></markingData>
<extensions><any xmlns="urn:x"><SPIF/>text</any>
<memberships xmlns="urn:nato:stanag:4774:spif:extensions:1:0">
<membership name="ALL">
<member name="KOR" lacv="410"/>
<member name="NZL" lacv="0554" obsolete="true"/>
</membership>
<m:membership m:name="NOBODY" xmlns:m="urn:nato:stanag:4774:spif:extensions:1:0"/>
</memberships>
</extensions>
</SPIF>
"""

# The published schema imports this one; all it takes of it is the language.
_XML = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"
 targetNamespace="http://www.w3.org/XML/1998/namespace">
<xs:attribute name="lang">
<xs:simpleType><xs:union memberTypes="xs:language">
<xs:simpleType><xs:restriction base="xs:string"><xs:enumeration value=""/></xs:restriction></xs:simpleType>
</xs:union></xs:simpleType>
</xs:attribute>
</xs:schema>
"""


class _Imports(etree.Resolver):
    """What the published schema imports, from here."""

    def resolve(  # type: ignore[override]  # the stubs leave out the context
        self, system_url: str, public_id: str, context: object
    ) -> object:
        """Give the one schema that is imported, whatever the name it is asked for by."""
        return self.resolve_string(_XML, context, base_url="xml.xsd")


def schema() -> etree.XMLSchema:
    """The published schema of XML SPIF 2.1; where it is not at hand, the test is skipped by its name."""
    parser = etree.XMLParser()
    parser.resolvers.add(_Imports())
    return etree.XMLSchema(etree.fromstring(standard("xmlspif.xsd"), parser))


def edited(*changes: str) -> bytes:
    """The whole policy with each "old => new" done, of which the old must be there."""
    text = WHOLE
    for change in changes:
        old, _, new = change.partition(" => ")
        assert old in text, change
        text = text.replace(old, new, 1)
    return text.encode()


def line_of(part: str) -> int:
    """The line on which something stands in the whole policy."""
    return WHOLE[: WHOLE.index(part)].count("\n") + 1
