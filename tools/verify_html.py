# SPDX-License-Identifier: Apache-2.0
"""
Makes ``verifier/verify.html``: one file that an auditor opens from disk, with all that it needs inside.

Run as ``.venv/bin/python -m tools.verify_html`` in the root of the repository. The page's own policy lets it
run this one script and style and nothing else, and reach nothing; so the policy holds their hashes.
"""

import re
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "verifier"
PAGE = FOLDER / "verify.html"

_IMPORT = re.compile(r'^import \{[^}]*\} from "\./verify\.js";\n', re.MULTILINE)
_ENDS_A_SCRIPT = re.compile("</script|<!--|<script", re.IGNORECASE)


def page(folder: Path = FOLDER) -> str:
    """
    Put the page together.

    Raises:
        ValueError: A script could end the element it stands in, or does not import the verifier as it must.
    """
    template, style, verifier, around = (
        (folder / name).read_text(encoding="utf-8")
        for name in ("page.html", "page.css", "verify.js", "page.js")
    )
    around, count = _IMPORT.subn("", around)
    if count != 1:
        raise ValueError("page.js imports the verifier once")
    # In a block of its own, so that the page's names and the verifier's never meet.
    script = f"\n{verifier}\n{{\n{around}}}\n"
    style = f"\n{style}"
    if _ENDS_A_SCRIPT.search(script) or "</style" in style.lower():
        raise ValueError("a script or a style holds what would end it")
    policy = "; ".join(
        (
            "default-src 'none'",
            f"script-src '{_hash(script)}'",
            f"style-src '{_hash(style)}'",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
    for name, text in (("@POLICY@", policy), ("@STYLE@", style), ("@SCRIPT@", script)):
        template = template.replace(name, text)
    return template


def _hash(text: str) -> str:
    """How a content security policy names what it lets through."""
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode('ascii')}"


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
