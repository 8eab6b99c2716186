# SPDX-License-Identifier: Apache-2.0
"""
Legation: write a report once, hand every party exactly the portions it may see.

The folders of this package are the architecture; ``docs/architecture.md`` lists the rooms
and the doors between them, and ``tests/test_rooms.py`` holds them.
"""

__version__ = "0.1.0"
