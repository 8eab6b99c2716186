# SPDX-License-Identifier: Apache-2.0
"""What officers do: drafts, previews, release, versions, passing on, reading, proving, paper."""
