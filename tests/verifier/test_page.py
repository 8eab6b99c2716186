# SPDX-License-Identifier: Apache-2.0

import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from legation.keys.card import fingerprint, read
from legation.merkle import leaf_hash
from tests.item import handmade, worlds
from tests.keys.office import Keys
from tests.log import handmade as notes
from tests.verifier.browser import CHROMIUM, CONTRASTS, CONTROLS, HEADINGS, Opened, browser, opened
from tests.verifier.given import FILE, FILE_NAME, b64, given, withdrawal_of
from tests.verifier.stated import KNOWN
from tools import verify_html

needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="lacks chromium (tools/system-packages test)")


@pytest.fixture(scope="module")
def started() -> Iterator[Browser]:
    """One browser for all tests of this file."""
    with browser() as one:
        yield one


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """What an auditor is handed, on disk, by name."""
    folder = tmp_path_factory.mktemp("given")
    contents = {
        "kor.card": given().writer,
        "jpn.card": given().receiver,
        "copy.json": given().view,
        "payload": given().payload,
        "checkpoint": given().checkpoint,
        "receipt": given().receipt,
        "item.tlog-proof": given().proof,
        FILE_NAME: FILE,
        "broken.json": given().view.replace(b"accept 3", b"accept 4"),
        "other.txt": b"What is this?",
    }
    for name, data in contents.items():
        (folder / name).write_bytes(data)
    return {name: folder / name for name in contents}


class TestMaking:
    def test_the_page_is_made_of_its_parts(self) -> None:
        """
        What is in the repository is what the generator makes, byte for byte.
        """
        assert verify_html.PAGE.read_text(encoding="utf-8") == verify_html.page()

    def test_the_verifier_stands_in_it_as_it_is(self) -> None:
        """
        Nothing is left out of it and nothing is changed.
        """
        source = (verify_html.FOLDER / "verify.js").read_text(encoding="utf-8")
        assert source in verify_html.PAGE.read_text(encoding="utf-8")

    def test_it_names_nothing_outside(self) -> None:
        """
        No address, no picture, no font, no style from elsewhere.
        """
        text = verify_html.PAGE.read_text(encoding="utf-8")
        assert not re.search(r"\b(src|href)=|url\(|@import", text)
        assert set(re.findall(r"https?://[^\s\"`'/)\\]+", text)) == set()

    @pytest.mark.parametrize("planted", ["</script>", "<!-- x", "</SCRIPT "])
    def test_a_script_that_would_end_itself_is_not_put_in(self, planted: str, tmp_path: Path) -> None:
        """
        What a browser would read as the end of the script is refused when the page is made.
        """
        shutil.copytree(verify_html.FOLDER, tmp_path, dirs_exist_ok=True)
        with (tmp_path / "page.js").open("a") as file:
            file.write(f"// {planted}\n")
        with pytest.raises(ValueError, match="would end it"):
            verify_html.page(tmp_path)

    def test_the_generator_writes_it(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        Run as a program it writes the page.
        """
        monkeypatch.setattr(verify_html, "PAGE", tmp_path / "verify.html")
        verify_html.main()
        assert (tmp_path / "verify.html").read_text(encoding="utf-8") == verify_html.page()


@needs_chromium
class TestVerifying:
    def test_everything_an_auditor_is_handed_is_judged(
        self, started: Browser, files: dict[str, Path]
    ) -> None:
        """
        Given all at once: what holds and what not, who signed, and nothing is asked of any network.
        """
        with opened(started) as tab:
            assert tab.give(list(files.values())) == (
                "10 files: 7 files hold, 1 does not, 1 is an attachment, 1 was not recognised."
            )
            assert "Holds: a copy of an item" in tab.about("copy.json")
            assert "Its bytes hold: Annex A.txt" in tab.about("copy.json")
            assert "Does not hold" in tab.about("broken.json")
            assert "the leaves lead to another root" in tab.about("broken.json")
            assert "JPN@NATO" in tab.about("receipt")
            assert "What it brought" in tab.about("item.tlog-proof")
            assert "Not recognised" in tab.about("other.txt")
            assert tab.faults == []
            assert tab.asked == [verify_html.PAGE.as_uri()]

    def test_cards_may_come_last(self, started: Browser, files: dict[str, Path]) -> None:
        """
        Without cards nothing holds; with them the same files do.
        """
        with opened(started) as tab:
            assert tab.give([files["copy.json"]]) == "1 file: 0 files hold, 1 does not."
            assert "the card of who signed is not here" in tab.about("copy.json")
            assert tab.give([files["kor.card"]]) == "2 files: 2 files hold."

    def test_the_words_of_a_card_are_shown_to_be_compared(
        self, started: Browser, files: dict[str, Path]
    ) -> None:
        """
        Twelve, in order; what was signed says until then that they were not compared.
        """
        with opened(started) as tab:
            tab.give([files["kor.card"], files["copy.json"]])
            words = tab.page.locator(".words li").all_inner_texts()
            assert tuple(words) == fingerprint(read(given().writer))
            assert "KOR@NATO (by a card whose words you have not compared)" in tab.about("copy.json")
            tab.page.get_by_label("I have compared these words with KOR@NATO").check()
            assert "KOR@NATO (words compared)" in tab.about("copy.json")

    def test_portions_stand_in_order_with_their_labels(
        self, started: Browser, files: dict[str, Path]
    ) -> None:
        """
        Six, each with its label; and of translations the one in the reader's language is shown.
        """
        with opened(started) as tab:
            tab.give([files["kor.card"], files["copy.json"]])
            portions = tab.page.locator(".portion")
            assert [each.split(" ")[0].strip(";") for each in portions.all_inner_texts()] == [
                *("OPEN", "OPEN", "OPEN", "GUARDED", "OPEN", "OPEN")
            ]
            assert _lesser(tab) == [2, 4]
            tab.page.get_by_label("Languages you read").fill("ar, en")
            tab.page.keyboard.press("Tab")
            expect(portions.nth(1)).to_contain_class("lesser")
            assert _lesser(tab) == [1, 4]

    def test_what_a_file_says_is_text_and_nothing_else(
        self, started: Browser, files: dict[str, Path]
    ) -> None:
        """
        Markup is shown as it is written, a hidden character is spelt out, and each script has its direction.
        """
        with opened(started) as tab:
            tab.give([files["kor.card"], files["copy.json"]])
            english, arabic = (tab.page.locator(".portion .text").nth(number) for number in (0, 1))
            assert "<b>Not bold.</b><script>alert(1)</script>" in english.inner_text()
            assert english.locator("b, script").count() == 0
            assert arabic.locator(".spelt").inner_text() == "<U+202E>"
            assert arabic.evaluate("node => getComputedStyle(node).direction") == "rtl"
            assert english.evaluate("node => getComputedStyle(node).direction") == "ltr"

    def test_a_name_of_a_file_is_text_too(self, started: Browser, tmp_path: Path) -> None:
        """
        The name is what somebody else chose.
        """
        name = "<img src=x onerror=alert(1)>\u202e.txt"
        (tmp_path / name).write_bytes(b"nothing")
        with opened(started) as tab:
            tab.give([tmp_path / name])
            assert tab.page.locator("h3").inner_text() == "<img src=x onerror=alert(1)><U+202E>.txt"
            assert tab.page.locator("main img").count() == 0

    def test_an_attachment_of_the_right_name_and_other_bytes_is_told(
        self, started: Browser, files: dict[str, Path], tmp_path: Path
    ) -> None:
        """
        It is plainly said, and the file does not count as the attachment.
        """
        (tmp_path / FILE_NAME).write_bytes(b"b" + FILE[1:])
        with opened(started) as tab:
            status = tab.give([files["kor.card"], files["copy.json"], tmp_path / FILE_NAME])
            assert status == "3 files: 2 files hold, 1 was not recognised."
            assert "does NOT have the bytes that were signed" in tab.about("copy.json")

    def test_an_attachment_may_begin_like_anything(self, started: Browser, tmp_path: Path) -> None:
        """
        As a copy, a payload, a proof, a statement, a withdrawal: its bytes are what counts.
        """
        beginnings = (
            b'{"header":1}',
            b"\0\0\0\x02{}x",
            b"c2sp.org/tlog-proof@v1\n",
            b"legation/policy/v1",
            b'{"author":1}',
        )
        for number, data in enumerate(beginnings):
            root = leaf_hash(b"legation/chunk/v1\n" + data)
            attachment = {"type": "attachment", "media_type": "text/plain", "name": "x"}
            portion = attachment | {"size": len(data), "root": b64(root)}
            document = handmade.Document(labels=(worlds.plain_label(0),), portions=((0, portion),))
            files = {"card": given().writer, f"copy{number}": handmade.item(document), f"file{number}": data}
            for name, content in files.items():
                (tmp_path / name).write_bytes(content)
            with opened(started) as tab:
                status = tab.give([tmp_path / name for name in files])
                assert status == "3 files: 2 files hold, 1 is an attachment."

    def test_cards_that_do_not_follow_each_other_are_not_used(self, started: Browser, tmp_path: Path) -> None:
        """
        The newest of a whole chain is used; of two first cards of one office none is.
        """
        first = Keys.of("KOR@NATO").card()
        later = Keys.of("KOR@NATO").with_new_item_key().card(number=1, previous=read(first).digest)
        another = Keys.of("KOR@NATO").card(addresses=("192.0.2.1",))
        for name, data in (("first", first), ("later", later), ("another", another)):
            (tmp_path / name).write_bytes(data)
        with opened(started) as tab:
            assert tab.give([tmp_path / "later", tmp_path / "first"]) == "2 files: 2 files hold."
            assert "Holds: card 1 of KOR@NATO" in tab.about("later")
            assert "an older card" in tab.about("first")
            assert tab.give([tmp_path / "another"]) == "3 files: 0 files hold, 3 do not."

    def test_starting_anew_forgets_everything(self, started: Browser, files: dict[str, Path]) -> None:
        """
        Neither cards nor results stay.
        """
        with opened(started) as tab:
            tab.give([files["kor.card"], files["copy.json"]])
            tab.page.get_by_role("button", name="Start anew").click()
            expect(tab.page.locator("article")).to_have_count(0)
            assert tab.status() == "No files yet."
            assert tab.give([files["copy.json"]]) == "1 file: 0 files hold, 1 does not."

    def test_a_withdrawn_copy_says_so_first_and_its_text_is_folded_away(
        self, started: Browser, files: dict[str, Path], tmp_path: Path
    ) -> None:
        """
        Wherever the item stands: as a copy, as a payload, behind a proof. It still holds, and can be opened.
        """
        name = "سحب\u202e.json"  # whoever names a file is no friend
        (tmp_path / name).write_bytes(given().withdrawal)
        chosen = ["kor.card", "jpn.card", "copy.json", "payload", "item.tlog-proof", "receipt"]
        with opened(started) as tab:
            assert tab.give([*(files[each] for each in chosen), tmp_path / name]) == (
                "7 files: 7 files hold. 1 item was withdrawn by its author."
            )
            for each in ("copy.json", "payload", "item.tlog-proof"):
                assert "Withdrawn by its author. Holds: " in tab.about(each)
                assert (
                    "Withdrawn by KOR@NATO (by a card whose words you have not compared): سحب<U+202E>.json"
                    in (tab.about(each))
                )
            assert "Withdrawn" not in tab.about("receipt")
            assert "Withdraws\ncopy.json, payload, item.tlog-proof" in tab.about("سحب")
            text = tab.page.get_by_text("The minister will accept 3 October.").first
            assert not text.is_visible()
            tab.keep("withdrawn")
            tab.page.get_by_text("What it said before it was withdrawn").first.press("Enter")
            assert text.is_visible()
            assert tab.faults == []

    def test_a_withdrawal_by_another_office_has_no_effect(
        self, started: Browser, files: dict[str, Path], tmp_path: Path
    ) -> None:
        """
        It is said of it, and nothing of the copy; nor is a copy withdrawn by a withdrawal of another item.
        """
        theirs, others = tmp_path / "theirs.json", tmp_path / "others.json"
        theirs.write_bytes(withdrawal_of(given().view, by="JPN@NATO item"))
        others.write_bytes(withdrawal_of(handmade.item(worlds.a_document())))
        with opened(started) as tab:
            some = [files[each] for each in ("kor.card", "jpn.card", "copy.json")]
            assert tab.give([*some, theirs, others]) == "5 files: 5 files hold."
            assert "Has no effect on\ncopy.json: another office is its author" in tab.about("theirs.json")
            assert "No copy of this item is here." in tab.about("others.json")
            assert "Withdrawn" not in tab.about("copy.json")

    def test_a_withdrawal_by_a_retired_key_may_have_held(self, started: Browser, tmp_path: Path) -> None:
        """
        The card says by now that the key is retired: it is refused, and told why that may be wrong.
        """
        first = Keys.of("KOR@NATO").card()
        later = Keys.of("KOR@NATO").with_new_item_key().card(number=1, previous=read(first).digest)
        contents = {"first": first, "later": later, "copy": given().view, "withdrawal": given().withdrawal}
        for name, data in contents.items():
            (tmp_path / name).write_bytes(data)
        with opened(started) as tab:
            assert tab.give([tmp_path / name for name in contents]) == "4 files: 3 files hold, 1 does not."
            assert "it counts if it came while the key was current" in tab.about("withdrawal")

    def test_a_stream_that_has_only_grown_is_told_from_one_of_two_histories(
        self, started: Browser, files: dict[str, Path], tmp_path: Path
    ) -> None:
        """
        First a growth beside its older checkpoint, then a checkpoint of another history, which no file alone shows.
        """
        for name, data in (("may", given().older), ("june.growth", given().growth), ("other", given().fork)):
            (tmp_path / name).write_bytes(data)
        with opened(started) as tab:
            assert tab.give([files["kor.card"], tmp_path / "june.growth"]) == "2 files: 2 files hold."
            assert "nothing is known of the growth" in tab.about("june.growth")
            assert tab.give([tmp_path / "may"]) == "3 files: 3 files hold."
            assert "Has only grown since\nmay" in tab.about("june.growth")
            assert "the older checkpoint is not here" not in tab.about("june.growth")
            tab.page.set_input_files("#files", [tmp_path / "other"])
            expect(tab.page.locator("#status")).to_have_text(
                "4 files: 4 files hold. TWO HISTORIES of one stream or log are signed: see the results."
            )
            about = (
                tab.page.locator("article").filter(has_text="Two roots over the same 2 entries").inner_text()
            )
            assert "in other, june.growth. Keep both files" in about
            assert "Signed by KOR@NATO (by a card whose words you have not compared)" in about
            tab.keep("histories")

    def test_a_growth_that_does_not_hold_shows_nothing(
        self, started: Browser, files: dict[str, Path], tmp_path: Path
    ) -> None:
        """
        Its hashes lead from another root: the file fails, and nobody is said to tell two histories.
        """
        heads = replace(notes.HEAD, size=1, root=bytes(32))
        for name, data in (("may", notes.checkpoint(heads)), ("june.growth", given().growth)):
            (tmp_path / name).write_bytes(data)
        with opened(started) as tab:
            some = [files["kor.card"], tmp_path / "may", tmp_path / "june.growth"]
            assert tab.give(some) == "3 files: 2 files hold, 1 does not."
            assert "Does not lead from\nmay" in tab.about("june.growth")
            assert "Does not hold as a growth" in tab.about("june.growth")

    def test_a_statement_on_a_policy_is_not_checked(self, started: Browser, tmp_path: Path) -> None:
        """
        Nobody's card names the keys of a policy's authority; the page says so and calls nothing false.
        """
        (tmp_path / "policy.note").write_bytes(KNOWN[0])
        with opened(started) as tab:
            assert tab.give([tmp_path / "policy.note"]) == "1 file: 0 files hold, 1 was not checked."
            assert "No card names the keys of its authority" in tab.about("policy.note")

    def test_a_browser_without_ml_dsa_44_says_so(self, started: Browser, files: dict[str, Path]) -> None:
        """
        On top, and of each line that was not checked.
        """
        with opened(started, WITHOUT_ML_DSA) as tab:
            tab.give([files["kor.card"], files["jpn.card"], files["receipt"]])
            assert "This browser has no ML-DSA-44" in tab.page.locator("#abilities").inner_text()
            checked, missing = tab.about("receipt").split("Not checked here")
            assert "ml-dsa-44" not in checked
            assert "the ml-dsa-44 signature of JPN@NATO: there is no ML-DSA-44 here" in missing

    def test_a_browser_without_ed25519_verifies_nothing(
        self, started: Browser, files: dict[str, Path]
    ) -> None:
        """
        Nothing holds, and nothing is called false either.
        """
        with opened(started, WITHOUT_ANY) as tab:
            tab.give([files["kor.card"], files["copy.json"]])
            assert "nothing can be verified here" in tab.page.locator("#abilities").inner_text()
            assert "Not checked" in tab.about("kor.card")

    def test_nothing_else_may_run_or_be_reached(self, started: Browser) -> None:
        """
        The page's policy stops another script, and any request.
        """
        with opened(started) as tab:
            tab.page.evaluate(
                "() => { const node = document.createElement('script'); node.textContent = 'window.ran = 1';"
                " document.body.append(node); }"
            )
            assert tab.page.evaluate("() => window.ran") is None
            assert tab.page.evaluate("() => fetch('https://mission.example/').then(() => 1, () => 0)") == 0
            assert len(tab.faults) >= 2
            assert all("Content Security Policy" in each or "Refused" in each for each in tab.faults[:2])


WITHOUT = """const known = crypto.subtle.importKey.bind(crypto.subtle);
SubtleCrypto.prototype.importKey = async (format, key, algorithm, ...more) => {
  if ((algorithm.name ?? algorithm).startsWith("NAME")) throw new DOMException("unknown", "NotSupportedError");
  return known(format, key, algorithm, ...more);
};"""
WITHOUT_ML_DSA = WITHOUT.replace("NAME", "ML-DSA")
WITHOUT_ANY = WITHOUT.replace("NAME", "")

WINDOWS: dict[str, dict[str, Any]] = {
    "desktop": {"viewport": {"width": 1100, "height": 900}},
    "narrow": {"viewport": {"width": 320, "height": 700}},
    "dark": {"viewport": {"width": 1100, "height": 900}, "color_scheme": "dark"},
    "forced": {"viewport": {"width": 1100, "height": 900}, "forced_colors": "active"},
}


@needs_chromium
class TestAccess:
    @pytest.mark.parametrize("name", WINDOWS)
    def test_it_can_be_read_in_every_window(
        self, name: str, started: Browser, files: dict[str, Path]
    ) -> None:
        """
        Text stands out by 4.5 to 1 or more, nothing is wider than the window, and each control has a name and a size.
        """
        with opened(started, **WINDOWS[name]) as tab:
            tab.give(list(files.values()))
            tab.keep(name)
            contrasts = tab.page.evaluate(CONTRASTS)
            assert len(contrasts) > 100
            assert [each for each in contrasts if each[1] < 4.5] == []
            width = WINDOWS[name]["viewport"]["width"]
            assert tab.page.evaluate("() => document.documentElement.scrollWidth") <= width
            controls = tab.page.evaluate(CONTROLS)
            assert len(controls) == 7
            assert all(
                label and min(wide, high) >= 24 and order == 0 for label, wide, high, order in controls
            )
            levels = tab.page.evaluate(HEADINGS)
            assert levels[0] == 1
            assert levels.count(1) == 1
            assert all(later - earlier <= 1 for earlier, later in pairwise(levels))

    def test_it_can_be_used_by_keyboard(self, started: Browser, files: dict[str, Path]) -> None:
        """
        In the order in which it is read, and each has an outline when it is its turn.
        """
        with opened(started) as tab:
            tab.give([files["kor.card"]])
            reached = []
            for _ in range(5):
                tab.page.keyboard.press("Tab")
                focused = tab.page.locator(":focus")
                reached.append(focused.evaluate("node => node.id || node.tagName"))
                assert focused.evaluate("node => getComputedStyle(node).outlineStyle") != "none"
            assert reached == ["files", "languages", "clear", "compared-KOR@NATO", "SUMMARY"]
            tab.page.keyboard.press("Enter")
            assert tab.page.locator("details").get_attribute("open") is not None
            tab.page.keyboard.press("Shift+Tab")
            tab.page.keyboard.press("Space")
            assert tab.page.locator("#compared-KOR\\@NATO").is_checked()

    def test_results_are_announced(self, started: Browser) -> None:
        """
        In a live region that is there before anything is in it; the page names its language and title.
        """
        with opened(started) as tab:
            status = tab.page.get_by_role("status")
            assert status.get_attribute("aria-live") == "polite"
            assert tab.page.locator("html").get_attribute("lang") == "en"
            assert tab.page.title()
            for section in tab.page.locator("section").all():
                name = section.get_attribute("aria-labelledby")
                assert tab.page.locator(f"#{name}").count() == 1


def _lesser(tab: Opened) -> list[int]:
    """The numbers of the portions that a reader would not be shown."""
    kinds = tab.page.locator(".portion").evaluate_all("nodes => nodes.map((node) => node.className)")
    return [number for number, kind in enumerate(kinds) if "lesser" in kind]
