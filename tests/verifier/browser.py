# SPDX-License-Identifier: Apache-2.0
"""
The auditors' page in a real browser, opened from disk.
"""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tools.verify_html import PAGE

ROOT = Path(__file__).parents[2]
SCREENSHOTS = ROOT / "build" / "verifier"
CHROMIUM = shutil.which("chromium")
PATIENCE_MS = 20_000  # a machine under load

# Everything with text of its own: how its colour stands out, and whether it is large.
CONTRASTS = """() => {
  const channels = (colour) => colour.match(/[0-9.]+/g).map(Number);
  const light = (colour) => {
    const [r, g, b] = channels(colour).slice(0, 3).map((each) => each / 255)
      .map((each) => each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (node) => {
    for (let each = node; each; each = each.parentElement) {
      const colour = getComputedStyle(each).backgroundColor;
      if ((channels(colour)[3] ?? 1) === 1) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  return [...document.querySelectorAll("main *")]
    .filter((node) => node.checkVisibility() && [...node.childNodes].some((each) => each.nodeType === 3 && each.data.trim()))
    .map((node) => {
      const [one, other] = [getComputedStyle(node).color, behind(node)].map(light).sort((a, b) => b - a);
      return [node.tagName + "." + node.className, (one + 0.05) / (other + 0.05)];
    });
}"""

# What can be used: its name, as a screen reader says it, and how large it is.
CONTROLS = """() => [...document.querySelectorAll("input, button, summary, a")].filter((node) => node.checkVisibility())
  .map((node) => {
    const name = node.labels?.length ? node.labels[0].textContent : node.textContent;
    const { width, height } = node.getBoundingClientRect();
    return [name.trim(), width, height, node.tabIndex];
  })"""

HEADINGS = """() => [...document.querySelectorAll("h1, h2, h3, h4")].filter((node) => node.checkVisibility())
  .map((node) => Number(node.tagName[1]))"""


class Opened:
    """The page in one tab, with all that went wrong in it and all that it asked for."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.faults: list[str] = []
        self.asked: list[str] = []
        page.on("console", lambda message: self.faults.append(message.text))
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("request", lambda request: self.asked.append(request.url))
        page.goto(PAGE.as_uri())

    def give(self, files: Sequence[Path]) -> str:
        """Give it files; gives what it says of them together."""
        before = len(self.page.locator("article").all())
        self.page.set_input_files("#files", files)
        expect(self.page.locator("article")).to_have_count(before + len(files), timeout=PATIENCE_MS)
        return self.status()

    def status(self) -> str:
        """What the live region says when it is done."""
        expect(self.page.locator("#status")).not_to_contain_text("Verifying", timeout=PATIENCE_MS)
        return self.page.locator("#status").inner_text()

    def about(self, name: str) -> str:
        """What it says of one file."""
        article = self.page.locator("article").filter(has=self.page.locator("h3", has_text=name))
        return article.first.inner_text()

    def keep(self, name: str) -> None:
        """Keep a picture of it, for people to look at."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)


@contextmanager
def browser() -> Iterator[Browser]:
    """Start the browser."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM)
        try:
            yield started
        finally:
            started.close()


@contextmanager
def opened(started: Browser, script: str = "", **options: Any) -> Iterator[Opened]:
    """Open the page; *script* runs before it, *options* say what sort of window it is."""
    context = started.new_context(**options)
    try:
        if script:
            context.add_init_script(script)
        yield Opened(context.new_page())
    finally:
        context.close()
