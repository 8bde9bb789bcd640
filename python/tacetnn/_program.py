"""The program `tacet`, which the package brings along: it writes reports, and `python -m tacetnn` runs it."""

from pathlib import Path

from . import _core


def program() -> Path:
    """
    Where the program is.

    Raises
    ------
    FileNotFoundError
        The package was built without it.
    """
    path = Path(_core.__file__).parent / "bin" / "tacet"
    if not path.exists():
        raise FileNotFoundError(
            "this tacetnn was built without the program tacet: install zlib and libyaml with their headers "
            "(zlib1g-dev, libyaml-dev), and then tacetnn again"
        )
    return path
