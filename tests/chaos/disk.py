# SPDX-FileCopyrightText: 2026 The Quantfleet Authors
# SPDX-License-Identifier: Apache-2.0
"""Small file systems that can be filled to the last byte and emptied again. Mounting them takes root."""
import os
import pathlib
import subprocess

BALLOON = "balloon"


def can_mount():
    """True if this process may mount a file system."""
    if os.getuid() != 0:
        return False
    return subprocess.run(["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True,
                          check=False).returncode == 0


class SmallDisk:
    """A file system of `size` bytes in memory at `path`, which is made."""

    def __init__(self, path, size):
        self.path = pathlib.Path(path)
        self.path.mkdir(exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=0755", "tmpfs", self.path], check=True)

    def fill(self):
        """Not a byte is left."""
        with open(self.path / BALLOON, "ab", buffering=0) as balloon:
            space = os.statvfs(self.path)
            try:
                os.posix_fallocate(balloon.fileno(), 0, max(1, space.f_bavail * space.f_frsize - (1 << 20)))
            except OSError:
                pass  # somebody was faster
            balloon.seek(0, os.SEEK_END)
            for piece in (1 << 16, 4096, 1):
                try:
                    while balloon.write(b"\0" * piece) == piece:
                        pass
                except OSError:
                    pass

    def empty(self):
        (self.path / BALLOON).unlink(missing_ok=True)

    def close(self):
        subprocess.run(["umount", "--lazy", self.path], check=False)
