# SPDX-License-Identifier: Apache-2.0
"""A node at work: who is let in, in which turn, and what is logged."""
