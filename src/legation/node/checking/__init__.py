# SPDX-License-Identifier: Apache-2.0
"""The check of everything that a node holds (``legation fsck``), part by part; ``whole`` does all of it."""
