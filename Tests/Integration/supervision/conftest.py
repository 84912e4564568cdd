"""What several of these tests need."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from workers import HeldDisk


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 MB."""
    if os.getuid() != 0:
        pytest.skip("only root can mount a small disk")
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("mounting is not allowed here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture
def held_disk(tmp_path: Path) -> Iterator[HeldDisk]:
    """An ext4 of its own, which every user may write to."""
    if os.getuid() != 0:
        pytest.skip("only root can mount a disk")
    image, folder = tmp_path / "image", tmp_path / "disk"
    folder.mkdir()
    with image.open("wb") as file:
        file.truncate(16 << 20)
    make = ["mkfs.ext4", "-q", "-O", "^has_journal", str(image)]
    mount = ["mount", "-o", "loop", str(image), str(folder)]
    for command in (make, mount):
        try:
            done = subprocess.run(command, capture_output=True)
        except FileNotFoundError as missing:
            pytest.skip(f"{missing.filename} is not installed")
        if done.returncode != 0:
            pytest.skip("a file cannot be mounted as a disk here")
    folder.chmod(0o777)
    try:
        yield HeldDisk(folder)
    finally:
        subprocess.run(["fsfreeze", "-u", str(folder)], capture_output=True)
        subprocess.run(["umount", "-l", str(folder)], check=True)
