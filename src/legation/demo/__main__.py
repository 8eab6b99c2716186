# SPDX-License-Identifier: Apache-2.0
"""``python -m legation.demo`` plays the demonstration."""

import sys

from legation.demo.play import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
