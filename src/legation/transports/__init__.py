# SPDX-License-Identifier: Apache-2.0
"""
Ways between nodes: they carry envelopes, and cannot open one.

A transport takes the bytes of one envelope to another office and brings the bytes of one back. It
knows neither store nor node nor what is carried; whoever uses it hands over an envelope, or a function
that answers one. What is promised about secrecy and origin is the envelope's own; a transport keeps
limits (size, time, number), and sees to it that what was cut off never looks whole.

``http`` is the way between peers that reach each other.
"""
