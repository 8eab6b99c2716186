# SPDX-License-Identifier: Apache-2.0
"""The exchange itself, whichever way it takes: deciding, numbering, handing over, taking in, receipts, incarnations."""
