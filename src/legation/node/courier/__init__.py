# SPDX-License-Identifier: Apache-2.0
"""Bags: packed, opened, listed, and the sheet that goes with them."""
