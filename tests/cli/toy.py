# SPDX-License-Identifier: Apache-2.0
"""
A policy of one's own, as small as a policy can be, and the clearances under it.
"""

OID = "2.25.7007"

TOY = f"""\
<?xml version="1.0" encoding="UTF-8"?>
<SPIF xmlns="http://www.xmlspif.org/spif" schemaVersion="2.1" version="1" creationDate="20261101000000Z"
      originatorDN="CN=TOY" keyIdentifier="00" privilegeId="{OID}" rbacId="{OID}">
  <securityPolicyId name="TOY" id="{OID}"/>
  <securityClassifications>
    <securityClassification name="LOW" lacv="1" hierarchy="1"/>
    <securityClassification name="HIGH" lacv="2" hierarchy="2"/>
  </securityClassifications>
</SPIF>
""".encode()

REPORT = """\
kind: report
policy: TOY
title: (LOW) A toy

(LOW) Zq7low is for all.

(HIGH) Zq7high is for few.
"""


def clearance(*levels: str) -> bytes:
    """What the holder may see under TOY."""
    listed = "".join(f"<s:Classification>{level}</s:Classification>" for level in levels)
    return (
        '<ConfidentialityClearance xmlns="urn:nato:stanag:4774:confidentialityclearance:1:0"'
        ' xmlns:s="urn:nato:stanag:4774:confidentialitymetadatalabel:1:0">'
        f'<s:PolicyIdentifier URI="urn:oid:{OID}">TOY</s:PolicyIdentifier>'
        f"<ClassificationList>{listed}</ClassificationList></ConfidentialityClearance>"
    ).encode()
