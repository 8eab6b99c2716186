# SPDX-License-Identifier: Apache-2.0

from hashlib import sha256
from typing import Any

import pytest

from legation.encoding import encode
from legation.errors import MalformedError
from legation.keys.card import TIME_MAX
from legation.release import COPIES_MAX, Destroyed, HandedOver, Printed

COPY: dict[str, Any] = {"office": "AUS@NATO", "item": bytes(32), "copy": 1, "by": "registry", "at": 0}


def test_each_act_has_a_digest_of_its_own() -> None:
    """
    What was said of one copy stands for nothing else, though all of it but the act is the same.
    """
    acts = [
        Printed(**COPY, cut=bytes(32)),
        HandedOver(**COPY, to="their registry"),
        HandedOver(**COPY, to="another"),
        Destroyed(**COPY),
        Destroyed(**{**COPY, "copy": 2}),
        Destroyed(**{**COPY, "by": "another"}),
        Destroyed(**{**COPY, "at": 1}),
        Destroyed(**{**COPY, "office": "JPN@NATO"}),
    ]
    assert len({each.digest for each in acts}) == len(acts)
    assert acts[0].digest == sha256(encode(acts[0])).digest()


@pytest.mark.parametrize(
    "wrong",
    [
        {"office": "nobody at all"},
        {"copy": 0},
        {"copy": COPIES_MAX + 1},
        {"by": ""},
        {"by": "two\nlines"},
        {"at": -1},
        {"at": TIME_MAX + 1},
    ],
)
def test_what_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    """
    A copy has an office, a number, somebody who did something, and a time.
    """
    with pytest.raises(MalformedError):
        Destroyed(**{**COPY, **wrong})


def test_a_copy_is_handed_to_somebody_and_names_its_cut() -> None:
    """
    Else nothing is said.
    """
    with pytest.raises(MalformedError):
        HandedOver(**COPY, to="")
    with pytest.raises(MalformedError):
        Printed(**COPY, cut=bytes(31))
