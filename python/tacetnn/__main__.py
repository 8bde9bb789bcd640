"""`python -m tacetnn ...` is the program `tacet ...`."""

import os
import sys

from ._program import program

if __name__ == "__main__":
    try:
        path = program()
    except FileNotFoundError as missing:
        sys.exit(f"tacet: {missing}")
    os.execv(path, ["tacet", *sys.argv[1:]])
