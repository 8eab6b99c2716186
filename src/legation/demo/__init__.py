# SPDX-License-Identifier: Apache-2.0
"""
The demonstration: drives ``legation`` as subprocesses, as a user would.

It imports no other room. Whatever it shows comes out of the command line, and it ends with an
error if anything deviates from what it expected.
"""
