# SPDX-License-Identifier: Apache-2.0
"""
Reissue as own: another office's item as the beginning of a report of ours, in portion-marked Markdown.

Each paragraph keeps its label and everything that qualifies it, and names whose words it repeats. A portion
points to the item it comes from. Left out are what is under its originator's control, withheld lines, files,
the title and the form, and of variants all but the fullest that may be repeated. Whoever edits the report
cannot lower a mark unnoticed: ``quoting`` compares when it is composed.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from legation.errors import MalformedError, RefusedError
from legation.formats import markdown
from legation.item.draft import Draft, DraftPortion
from legation.item.portion import Attachment, Link, Text, is_controlled
from legation.item.variants import choose
from legation.item.view import Contents, ViewPortion
from legation.keys.card import Card, PolicyReference
from legation.labels import Policy
from legation.labels.rollup import roll_up
from legation.node.desk.reading import find_view
from legation.node.desk.versions import check_standing
from legation.node.rules import RuleBook, Rules, mission_reader
from legation.node.surroundings import Surroundings
from legation.records import ReissuedRecord
from legation.store.blobs import Blobs
from legation.store.sqlite import items
from legation.store.sqlite.database import Database
from legation.store.sqlite.items import StoredItem


def reissue_item(
    text: str, name: str, *, card: Card, database: Database, blobs: Blobs, around: Surroundings
) -> ReissuedRecord:
    """
    Write what the mission's people may see of another office's item as a report, without addressees.

    Args:
        text: Its reference, its id, or the beginning of it.
        name: Who reads.
        card: The office's own card.
        database: The node's store.
        blobs: Where long views are.
        around: Clock and dice.

    Raises:
        MalformedError: There is no such item that may be seen, or a report in Markdown cannot say it: labels of
            several policies.
        RefusedError: It is ours or withdrawn, or nothing of it can be repeated.
    """
    with database.read() as db:
        rules = RuleBook(card, around).at(db)
        contents = find_view(db, text, mission_reader(db, name, around.now()), rules, blobs)
        item = items.item(db, contents.item_id)
        assert item is not None, "what was found is there"
        if item.is_own or item.office == rules.office:
            raise RefusedError(
                "this item is ours", hint="legation show ITEM --markdown writes it as a report"
            )
        check_standing(db, item)
    return _written(item, contents, rules)


def _written(item: StoredItem, contents: Contents, rules: Rules) -> ReissuedRecord:
    repeated = _repeated(contents)
    if not repeated:
        raise RefusedError("nothing of this item can be repeated in a report")
    policy = _one_policy({each.policy for each in repeated}, rules)
    label = roll_up(policy, {each.label for each in repeated}, at=rules.at).label
    link = () if label is None else (DraftPortion(label=label, portion=Link(item=item.item_id)),)
    quoted = tuple(DraftPortion(label=each.label, portion=_attributed(each, item)) for each in repeated)
    draft = Draft(kind=contents.kind, policies=(repeated[0].policy,), portions=(*link, *quoted))
    return ReissuedRecord(
        report=markdown.write(draft, policy).decode(),
        controlled=sum(is_controlled(each.portion) for each in contents.portions),
        files=sum(
            isinstance(each.portion, Attachment) and not is_controlled(each.portion)
            for each in contents.portions
        ),
        linked=bool(link),
    )


def _repeated(contents: Contents) -> Sequence[ViewPortion]:
    """The paragraphs to repeat: of those that stand for one another the fullest that nobody controls."""
    places = [
        place
        for place, each in enumerate(contents.portions)
        if isinstance(each.portion, Text) and not is_controlled(each.portion)
    ]
    numbers = {place: number for number, place in enumerate(places)}
    pairs = {(numbers[x], numbers[y]) for x, y in contents.fuller if x in numbers and y in numbers}
    texts = [contents.portions[place] for place in places]
    languages = [each.portion.language for each in texts if isinstance(each.portion, Text)]
    return [texts[number] for number in choose(languages, pairs, ())]


def _one_policy(named: set[PolicyReference], rules: Rules) -> Policy:
    found = [rules.policies.resolve(each) for each in named]
    if len(found) != 1 or found[0] is None:
        raise MalformedError("its paragraphs are marked under several policies, a report under one")
    return found[0]


def _attributed(each: ViewPortion, item: StoredItem) -> Text:
    """A paragraph that says whose words it repeats; of a quotation in it, those of whoever was quoted."""
    assert isinstance(each.portion, Text), "only paragraphs are repeated"
    return replace(each.portion, origin=each.portion.origin or item.office)
