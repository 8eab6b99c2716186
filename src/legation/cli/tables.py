# SPDX-License-Identifier: Apache-2.0
"""
Tables and sheets for the terminal.
"""
from typing import Any
def preview_text(found: Any) -> str: return ""
def item_text(found: Any) -> str: return ""
