# SPDX-License-Identifier: Apache-2.0
"""Whom this node exchanges with, and on what terms: cards, grants, policies, links, back-files."""
