# SPDX-License-Identifier: Apache-2.0
"""
Exchanges over HTTP: one POST, an envelope in, an envelope out.

========= ==========================================================================
`address`  how an address in a card is read, and which numbers are ever called
`line`     the one connection to a peer: pinned, bounded in time, closed from anywhere
`peer`     asks: the only client, synchronous, for a worker thread
`app`      answers: the route, its limits, and the one refusal
`server`   runs an app on a socket, and keeps what an app cannot see within limits
========= ==========================================================================
"""
