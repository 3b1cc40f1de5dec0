"""Files and folders that a crash leaves as they were or as they shall be, never in part."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path


def write_file(path: Path, content: bytes) -> None:
    """Writes beside `path`, flushes to the disk and renames into place."""
    temporary = _temporary_name(path)
    try:
        with open(temporary, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
        flush_folder(path.parent)
    except BaseException:
        _discard(temporary)
        raise


def write_folder(path: Path, fill: Callable[[Path], None]) -> None:
    """Fills a new folder beside `path`, flushes its files and renames it; an old one goes only once the new one is complete."""
    temporary = _temporary_name(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _discard(temporary)
        temporary.mkdir()
        fill(temporary)
        for file in temporary.rglob("*"):
            if file.is_file():
                with open(file, "rb+") as stream:
                    os.fsync(stream.fileno())
        flush_folder(temporary)
        delete_folder(path)
        os.rename(temporary, path)
        flush_folder(path.parent)
    except BaseException:
        _discard(temporary)
        raise


def delete_folder(path: Path) -> None:
    """Removes a folder so that a crash leaves all of it under its name, or nothing."""
    if path.is_dir():
        condemned = _temporary_name(path.with_name(path.name + ".old"))
        os.rename(path, condemned)
        shutil.rmtree(condemned)


def remove_leftovers(folder: Path) -> None:
    """Removes what interrupted writes left."""
    if folder.is_dir():
        for entry in folder.glob(".*.partial"):
            _discard(entry)


def flush_folder(folder: Path) -> None:
    """On Unix a rename is durable once the folder that holds the name is flushed; Windows has no such call."""
    if os.name != "nt":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _temporary_name(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}.partial")


def _discard(path: Path) -> None:
    # What made the write fail is what the caller must hear; the next start tries again.
    with contextlib.suppress(OSError):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
