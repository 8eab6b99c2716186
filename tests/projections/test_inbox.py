# SPDX-License-Identifier: Apache-2.0

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from legation.formats import markdown
from legation.item.draft import Draft
from legation.item.portion import BODY, Title
from legation.item.view import Contents, cut, inspect
from legation.labels import Policies
from legation.projections import InboxLayer, fold
from tests.formats.drafts import EXERCISE, drafts
from tests.release.test_preview import signed

HEAD = "kind: report\npolicy: EXERCISE\n"


def contents(report: str) -> Contents:
    """A report, signed."""
    return signed(markdown.read((HEAD + report).encode(), Policies([EXERCISE]), party="KOR"))


def ids(view: Contents) -> list[int]:
    """Access ids for the layers of a view, in their order: 101 for the first."""
    return list(range(101, 101 + len(view.layers)))


def test_a_title_stands_under_the_label_of_its_layer() -> None:
    """
    Whoever may not see the layer of the title is not shown the title.
    """
    view = contents("title: (S//REL KOR) what it is about\n\n(O) a paragraph\n")
    row = fold(view, ids(view))
    labels = [layer.label.classification for layer in view.layers]
    shown = {labels[each.access_id - 101]: (each.has_body, each.title) for each in row.layers}
    assert shown == {"OPEN": (True, None), "SECRET": (False, "what it is about")}
    assert row.item_id == view.item_id


def test_a_layer_of_header_portions_has_no_body() -> None:
    """
    A title, topics and links are nothing to read; a withheld line is.
    """
    view = contents(
        "title: (O) a\ntopics: (O) b\n\n(S//REL KOR) a paragraph\n\n(L//REL KOR) {withheld} Sources.\n"
    )
    row = fold(view, ids(view))
    bodies = {view.layers[each.access_id - 101].label.classification: each.has_body for each in row.layers}
    assert bodies == {"OPEN": False, "SECRET": True, "LIMITED": True}


def test_the_layers_are_in_the_order_of_their_ids() -> None:
    """
    In whatever order layers stand in a view, their row is the same.
    """
    view = contents("title: (O) a\n\n(S//REL KOR) b\n\n(L//REL KOR) c\n")
    given_ids = [7, 3, 5]
    row = fold(view, given_ids)
    assert [each.access_id for each in row.layers] == [3, 5, 7]
    by_id = dict(zip(given_ids, view.layers, strict=True))
    for each in row.layers:
        titles = [portion.text for portion in by_id[each.access_id].portions if isinstance(portion, Title)]
        assert each.title == (titles[0] if titles else None)


@pytest.mark.parametrize("given_ids", [[], [1], [1, 2, 3, 4]])
def test_refuses_ids_for_other_layers(given_ids: list[int]) -> None:
    """
    Each layer has its id, no more and no fewer.
    """
    view = contents("title: (O) a\n\n(S//REL KOR) b\n")
    with pytest.raises(ValueError, match="zip"):
        fold(view, given_ids)


@given(drafts(has_body=True), st.data())
@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
def test_a_cut_folds_to_the_rows_of_its_layers(draft: Draft, data: st.DataObject) -> None:
    """
    What is listed of a layer follows from that layer alone: a smaller cut has fewer rows, and the same.
    """
    whole = signed(draft)
    known = dict(zip(whole.layers, ids(whole), strict=True))
    kept = data.draw(st.sets(st.sampled_from(whole.layers), min_size=1), label="kept")
    smaller = inspect(cut(whole, lambda layer: layer in kept))
    wanted = {each.access_id: each for each in fold(whole, ids(whole)).layers}
    found = fold(smaller, [known[layer] for layer in smaller.layers])
    assert found.layers == tuple(wanted[known[layer]] for layer in sorted(kept, key=lambda one: known[one]))
    assert fold(smaller, [known[layer] for layer in smaller.layers]) == found


@given(drafts(has_body=True))
@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
def test_nothing_is_added_and_nothing_left_out(draft: Draft) -> None:
    """
    Every layer has one row, which says of the portions what they are.
    """
    view = signed(draft)
    assert fold(view, ids(view)).layers == tuple(
        InboxLayer(
            access_id=access_id,
            has_body=any(isinstance(each, BODY) for each in layer.portions),
            title=next((each.text for each in layer.portions if isinstance(each, Title)), None),
        )
        for access_id, layer in zip(ids(view), view.layers, strict=True)
    )
