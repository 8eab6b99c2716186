# SPDX-License-Identifier: Apache-2.0
"""
Reference data of the standards, which lies beside the checkout and is no part of the project.
"""

from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "standards"


def standard(name: str) -> bytes:
    """
    Read one file of the reference data; where it is not there, the test is skipped by its name.
    """
    path = FOLDER / name
    if not path.is_file():
        pytest.skip(f"needs shared/data/standards/{name} beside the checkout")
    return path.read_bytes()
