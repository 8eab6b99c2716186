# SPDX-License-Identifier: Apache-2.0
"""
The SQLite database of a node.

* ``database``: snapshots to read in, and one writer;
* ``migrations``: how a database comes to have the tables of this release;
* ``connection``, ``reading``, ``writer``: what ``database`` is made of;
* ``schema``: the migrations themselves, numbered SQL files;
* every other module: the functions over one group of tables.
"""
