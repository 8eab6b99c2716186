# SPDX-License-Identifier: Apache-2.0
"""
The store: what a node holds, on one disk, across power cuts.

* ``sqlite``: everything that is rows, in one SQLite database;
* ``blobs``: what is too long for a row, a file each, named by its hash;
* ``lock``: one process serves a folder at a time;
* ``disk``: what the others ask of the disk.

Rules kept here:

1. What was acknowledged is on the disk: nothing returns before the disk has said so.
2. A change is there whole or not at all.
3. What comes back is what was put in, or an error; a damaged store is never read over.
4. After the disk fails to keep what it took, nothing more is written until a restart.
5. All that goes wrong below is one ``StoreError``, without a word of content.

No decision is made here: who may see what is told. Times are told too.
"""
