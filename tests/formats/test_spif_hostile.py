# SPDX-License-Identifier: Apache-2.0

import pickle
import subprocess
import sys

import pytest

from legation.formats import spif
from legation.formats.spif_extensions import EXTENSION
from legation.formats.spif_schema import CHILDREN_MAX
from legation.formats.xml import DEPTH_MAX
from tests.formats.hostile import CPU_S_MAX, cpu_s, refusal
from tests.formats.spif_whole import WHOLE

MEMORY_BYTES_MAX = 64 << 20  # what reading one document may take
START, END = WHOLE.split("<updateInfo/>\n")[0], "</SPIF>"
LEVEL = '<securityClassifications><securityClassification name="LOW" lacv="1" hierarchy="1"/></securityClassifications>'
BAD = '<tagCategory name="PALISADE" lacv="1" requiredClass="NONE"/>'  # found out last of all


def policy(*values: str, after: str = "") -> bytes:
    """
    A policy of tag sets with these values, of which the very last is wrong.
    """
    sets = "".join(
        f'<securityCategoryTagSet name="s{number}" id="2.25.3.{number}"><securityCategoryTag tagType="permissive">'
        f"{each}</securityCategoryTag></securityCategoryTagSet>"
        for number, each in enumerate((*values, BAD))
    )
    return f"{START}{LEVEL}<securityCategoryTagSets>{sets}</securityCategoryTagSets>{after}{END}".encode()


def one(inside: str) -> str:
    """
    A value that holds something.
    """
    return f'<tagCategory name="v" lacv="1">{inside}</tagCategory>'


def memberships(groups: str) -> str:
    """
    An extension that holds something.
    """
    return f'<extensions><m:memberships xmlns:m="{EXTENSION}">{groups}</m:memberships></extensions>'


def values(size: int) -> str:
    """
    Many honest values.
    """
    return "".join(f'<tagCategory name="v{n}" lacv="{n}"/>' for n in range(size))


BARE = "<code xmlns=''/>"
MEMBERS = "".join(f'<m:member name="{n}" lacv="{n}"/>' for n in range(900))
HOLDER = f'<m:memberships xmlns:m="{EXTENSION}"/>'
ATTRIBUTES = " ".join(f"a{n}=''" for n in range(7_900))
GROUP = '<categoryGroup tagSetRef="s0" tagType="permissive" lacv="1"/>'
REFERRING = f'<requiredCategory operation="all">{GROUP * 500}</requiredCategory>'

# Documents of the right shape that are as heavy as the limits let them be, and wrong at their end.
HEAVY = {
    "many values": policy(*[values(950)] * 4),
    "many groups": policy(one(REFERRING * 4)),
    "many codes": policy(*[one(f"<markingData>{'<code>pageTop</code>' * 1000}</markingData>")] * 5),
    "many marks without a place": policy(*[one("<markingData/>" * 1000)] * 11),
    "many words without a namespace": policy(*[one(f"<markingData>{BARE * 1000}</markingData>")] * 7),
    "many excluded classes": policy(*[one("<excludedClass>LOW</excludedClass>" * 1000)] * 5),
    "many members": policy(
        after=memberships("".join(f'<m:membership name="g{n}">{MEMBERS}</m:membership>' for n in range(4)))
    ),
    "many members that say nothing": policy(
        after=memberships(f"<m:membership>{'<m:member/>' * 1000}</m:membership>" * 11)
    ),
    "many holders of members": policy(after=f"<extensions>{HOLDER * 7000}</extensions>"),
    "long phrases": policy(
        *[one(f'<markingData phrase="{"é" * 256}"><code>subject</code></markingData>' * 900)]
    ),
    "long name": policy(f'<tagCategory name="{"a" * 900_000}" lacv="1"/>'),
    "long number": policy(f'<tagCategory name="v" lacv="{"9" * 900_000}"/>'),
    "long spaces": policy(one(f'<markingData phrase="{" " * 400_000}"><code>subject</code></markingData>')),
    "long line ends": policy(f'<tagCategory name="a{"&#10;" * 150_000}b" lacv="1"/>'),
    "long class": policy(one(f"<excludedClass>{'L' * 900_000}</excludedClass>")),
    "long language": policy(
        one(f'<markingData xml:lang="{"a-" * 400_000}"><code>subject</code></markingData>')
    ),
    "long address": policy().replace(b"urn:x:rules", b"x/" * 450_000),
    "long colon address": policy().replace(b"urn:x:rules", b"x:" + b":" * 900_000),
    "long object identifier": policy().replace(b'id="2.25.1.1"', b'id="2' + b".1" * 450_000 + b'"'),
    "wide": policy(after="<updateInfo/>" * 11_000),
    "deep": policy(after=f"<extensions>{'<x>' * (DEPTH_MAX + 1)}{'</x>' * (DEPTH_MAX + 1)}</extensions>"),
    "a million attributes": policy().replace(
        b'rbacId="2.25.1"', b'rbacId="2.25.1" ' + b" ".join(b"a%d=''" % n for n in range(120_000))
    ),
    "as many attributes as there may be": policy().replace(
        b'rbacId="2.25.1"', b'rbacId="2.25.1" ' + ATTRIBUTES.encode()
    ),
    "as many attributes of a member as there may be": policy(
        after=memberships(f'<m:membership name="g"><m:member {ATTRIBUTES}/></m:membership>')
    ),
    "as many namespaces as there may be": policy(after="<extensions/>").replace(
        b"<extensions", b"<extensions " + b" ".join(b"xmlns:a%d='u'" % n for n in range(7_900))
    ),
    "wrong namespaces": policy(after="".join(f'<x:updateInfo xmlns:x="urn:{n}"/>' for n in range(7_000))),
    "attributes of wrong namespaces": policy(
        *[one('<excludedClass xmlns:x="u" x:y="">LOW</excludedClass>' * 1000)] * 3
    ),
}


class TestHeavyPolicies:
    @pytest.mark.parametrize("lenient", [False, True], ids=["strict", "lenient"])
    @pytest.mark.parametrize("name", HEAVY)
    def test_heavy_policy_is_refused_in_its_time(self, name: str, lenient: bool) -> None:
        """
        However much stands before the fault, it is found within the time, and nothing is told of it.
        """
        error = refusal(lambda data: spif.read(data, lenient=lenient), HEAVY[name])
        assert error is not None
        said = " ".join([error.message, error.hint, *error.faults])
        assert "PALISADE" not in said
        assert len(said) < 20_000
        assert cpu_s(lambda: refusal(lambda data: spif.read(data, lenient=lenient), HEAVY[name])) < CPU_S_MAX

    def test_most_heavy_policies_are_refused_for_their_last_value(self) -> None:
        """
        The documents above are as heavy as they claim: a lenient reader gets to their very end.
        """
        last = {
            name
            for name, data in HEAVY.items()
            if (error := refusal(lambda data: spif.read(data, lenient=True), data)) is not None
            and any("names a classification that is not there" in fault for fault in error.faults)
        }
        assert {"many values", "many groups", "many codes", "many members", "long phrases"} <= last

    def test_heavy_policies_take_little_memory(self) -> None:
        """
        A process that reads all of them one after another grows by no more than one may take.
        """
        script = (
            "import pickle, resource, sys\n"
            "from legation.errors import MalformedError\n"
            "from legation.formats import spif\n"
            "documents = pickle.load(sys.stdin.buffer)\n"
            "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
            "for data in documents:\n"
            "    try:\n"
            "        spif.read(data, lenient=True)\n"
            "    except MalformedError:\n"
            "        pass\n"
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", script],
            input=pickle.dumps(list(HEAVY.values())),
            capture_output=True,
            check=True,
            timeout=60,
        )
        assert 0 <= int(done.stdout) << 10 < MEMORY_BYTES_MAX

    def test_children_of_one_name_have_a_limit(self) -> None:
        """
        The limit is met exactly: one less is only wrong at its end.
        """
        for size, reason in (
            (CHILDREN_MAX, "classification that is not there"),
            (CHILDREN_MAX + 1, "holds more"),
        ):
            error = refusal(spif.read, policy(one("<excludedClass>LOW</excludedClass>" * size)))
            assert error is not None
            assert reason in error.message
