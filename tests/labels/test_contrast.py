# SPDX-License-Identifier: Apache-2.0

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legation.labels import Label, contrast
from legation.labels.contrast import RATIO_MIN, colours_on, luminance
from legation.labels.policy import Classification
from tests.labels.exercise import EXERCISE
from tests.labels.test_marking import TLP, made


class TestContrast:
    @pytest.mark.parametrize(
        ("color", "background", "foreground", "ratio"),
        [
            ("#000000", "#000000", "#ffffff", 21.0),
            ("#FFFFFF", "#ffffff", "#000000", 21.0),
            ("white", "#ffffff", "#000000", 21.0),
            ("red", "#ff0000", "#000000", 5.25),
            ("blue", "#0000ff", "#ffffff", 8.59),
            ("lime", "#00ff00", "#000000", 15.3),
            ("yellow", "#ffff00", "#000000", 19.56),
            ("fuschia", "#ff00ff", "#000000", 6.7),
            ("Navy", "#000080", "#ffffff", 16.01),
            ("#777777", "#777777", "#000000", 4.69),
        ],
    )
    def test_text_is_read_on_its_colour(
        self, color: str, background: str, foreground: str, ratio: float
    ) -> None:
        """
        Of black and white the one that stands out more, with the ratio that others publish for it.
        """
        found = colours_on(color)
        assert found is not None
        assert (found.background, found.foreground) == (background, foreground)
        assert found.ratio == pytest.approx(ratio, abs=0.01)

    @given(st.integers(0, 0xFFFFFF))
    def test_every_colour_can_be_read_on(self, number: int) -> None:
        """
        On any colour the text has the contrast that WCAG wants, and the other one would have less.
        """
        found = colours_on(f"#{number:06x}")
        assert found is not None
        assert found.ratio >= RATIO_MIN
        light, own = luminance(found.background), luminance(found.foreground)
        assert found.ratio == pytest.approx((max(light, own) + 0.05) / (min(light, own) + 0.05))
        assert (light > 0.18) == (found.foreground == "#000000") or 0.17 < light < 0.19

    @pytest.mark.parametrize("color", ["", "#12345", "#1234567", "#12345g", "123456", "mauve", "#-12345"])
    def test_what_is_no_colour_has_none(self, color: str) -> None:
        """
        What the schema does not know is not painted.
        """
        assert colours_on(color) is None

    def test_label_has_the_colour_of_its_level(self) -> None:
        """
        Each level of the shipped policies has a colour on which text is read.
        """
        for policy in (EXERCISE, TLP):
            found = [
                contrast(policy, Label(policy_id=policy.id, classification=each.name))
                for each in policy.classifications
            ]
            assert all(each is not None and each.ratio >= RATIO_MIN for each in found)

    def test_level_without_a_colour_has_none(self) -> None:
        """
        A level that has none, or is none, is not painted.
        """
        policy = made([], Classification(name="S", lacv=1, hierarchy=1))
        assert contrast(policy, Label(policy="MADE", classification="S")) is None
        assert contrast(policy, Label(policy="MADE", classification="T")) is None
        red = made([], Classification(name="S", lacv=1, hierarchy=1, color="#ff0000"))
        assert contrast(red, Label(policy="MADE", classification="S")) == colours_on("#ff0000")
