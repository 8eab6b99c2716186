# SPDX-License-Identifier: Apache-2.0
"""
The bench: figures for the rows of the performance goals, beside floors and beside peers.

``make bench`` runs it. A bench is no test: tests say what is right, this says how fast. Read in this
order: ``measure`` (how anything is timed), ``report`` (what a row is and how it is printed),
``exercise`` (what is worked on), then the rows: ``decisions`` (P1, P2), ``items`` (P3), ``start``
(P13). What speaks to a peer is in ``peers``, a module each.
"""
