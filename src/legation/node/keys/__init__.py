# SPDX-License-Identifier: Apache-2.0
"""The keys of this office: drawn, in use, renewed."""
