"""The folder of a run, as ``tacet train --out`` leaves it, for one process to write. docs/runs.md says what the files
are.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import socket
import time
from collections.abc import Iterator
from typing import Any

from .caller import warn
from .run import TrainingWarning

PATIENCE = 10.0
"""Seconds to wait for another process that is about to leave the folder."""


class Folder:
    """The folder of a run that this process writes.

    Parameters
    ----------
    path : str or path
        Is created, with its parents.
    resume : bool
        Whether it may hold a run, which is then continued.

    Raises
    ------
    FileExistsError
        If it holds a run that is not to be continued.
    BlockingIOError
        If another process writes to it.
    """

    def __init__(self, path: str | os.PathLike[str], resume: bool) -> None:
        self.path = os.fsdecode(path)
        self._whole = os.path.abspath(self.path)  # the current folder may change
        self.refuse(resume)
        os.makedirs(self._whole, exist_ok=True)
        self._lock = self._take()
        self.begun = os.path.exists(self.at("checkpoint.safetensors"))
        self._metrics = -1
        if self.begun and not resume:
            self.close()
            raise FileExistsError(f"another run has begun in {self.path} in the meantime")

    def at(self, name: str) -> str:
        """The path of a file in it."""
        return os.path.join(self._whole, name)

    def refuse(self, resume: bool) -> None:
        """Refuses a folder that holds something else than what is expected."""
        if os.path.exists(self.at("sweep.json")):
            raise FileExistsError(f"{self.path} holds a sweep, not a run")
        if not resume and any(os.path.exists(self.at(name)) for name in ("checkpoint.safetensors", "config.yaml")):
            raise FileExistsError(f"{self.path} already holds a run: resume=True continues it; another folder begins a "
                                  "new one")

    # ---- The lock ----

    def _take(self) -> int:
        end = time.monotonic() + PATIENCE
        while True:
            file = os.open(self.at("lock"), os.O_RDWR | os.O_CREAT, 0o666)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if self._is_lock(file):  # the file is removed when it is unlocked, so it may be another one by now
                    os.ftruncate(file, 0)
                    os.write(file, f"process {os.getpid()} on {socket.gethostname()}".encode())
                    return file
            except BlockingIOError:
                who = os.pread(file, 128, 0).decode(errors="replace") or "another process"
                if time.monotonic() >= end:
                    os.close(file)
                    raise BlockingIOError(f"{self.path} is in use by {who}: wait until it has ended, or use another "
                                          "folder") from None
            except OSError as e:  # a file system without locks
                warn(f"cannot lock {self.at('lock')}: {e.strerror}; make sure that no other process writes to "
                     f"{self.path}", TrainingWarning)
                return file
            os.close(file)
            time.sleep(0.1)

    def _is_lock(self, file: int) -> bool:
        try:
            return os.path.samestat(os.fstat(file), os.stat(self.at("lock"), follow_symlinks=False))
        except FileNotFoundError:
            return False

    # ---- metrics.jsonl ----

    def open_metrics(self, length: int) -> list[dict[str, Any]]:
        """Opens metrics.jsonl and cuts it to a length in bytes: a resumed run writes what came later again. Returns its
        lines."""
        self._metrics = os.open(self.at("metrics.jsonl"), os.O_RDWR | os.O_CREAT, 0o666)
        with open(self.at("metrics.jsonl"), "rb") as f:
            text = f.read(length)
        text = text[: text.rfind(b"\n") + 1]
        os.ftruncate(self._metrics, len(text))
        os.lseek(self._metrics, 0, os.SEEK_END)
        return [json.loads(line) for line in text.splitlines()]

    def log(self, line: str) -> None:
        """Adds a line to metrics.jsonl."""
        data = line.encode() + b"\n"
        while data:
            data = data[os.write(self._metrics, data):]

    def sync(self) -> int:
        """Flushes metrics.jsonl to the disk; returns its length in bytes."""
        os.fdatasync(self._metrics)
        return os.lseek(self._metrics, 0, os.SEEK_CUR)

    def close(self) -> None:
        """Lets other processes write to it."""
        if getattr(self, "_metrics", -1) >= 0:
            os.close(self._metrics)
            self._metrics = -1
        if self._lock >= 0:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.at("lock"))
            os.close(self._lock)
            self._lock = -1


@contextlib.contextmanager
def written(path: str) -> Iterator[Any]:
    """A file that appears only when it is complete."""
    own = f"{path}.{os.getpid()}.tmp"
    try:
        with open(own, "w", encoding="utf-8", errors="surrogateescape") as f:
            yield f
            f.flush()
            os.fsync(f.fileno())
        os.replace(own, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(own)
        raise
