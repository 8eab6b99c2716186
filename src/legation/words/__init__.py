# SPDX-License-Identifier: Apache-2.0
"""
What codes and values mean, said to people.

One module a language, each a table of templates; ``wording`` fills them in. What is said here is
for the drafter's side, which may know every reason. A reader who is refused is told nothing.
"""
