# SPDX-License-Identifier: Apache-2.0
"""The use cases, one file each group; the one place that has a clock, dice and a disk."""
