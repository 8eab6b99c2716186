# SPDX-License-Identifier: Apache-2.0
"""
Foreign documents to and from what Legation works with: bytes in, values out.

Every reader raises ``MalformedError`` and nothing else, whatever the bytes.
"""
