# SPDX-License-Identifier: Apache-2.0
"""
The door for people: pages, rendered on the server from records.

So far there is one application, ``plain_pages``, and the demonstration alone serves it.
"""

from legation.web.plain import plain_pages

__all__ = ["plain_pages"]
