"""Owns which filesystems a store may live on: those whose locks can be believed."""

import os
from pathlib import Path

from cellwright.base.errors import StoreError

_MOUNTS = Path("/proc/self/mountinfo")
_REMOTE = frozenset(
    {
        "9p", "afs", "afpfs", "ceph", "cifs", "davfs", "fuse.davfs", "fuse.gcsfuse",
        "fuse.glusterfs", "fuse.rclone", "fuse.s3fs", "fuse.sshfs", "glusterfs", "gpfs",
        "lustre", "ncpfs", "nfs", "nfs4", "smb3", "smbfs",
    }
)  # fmt: skip


def refuse_remote(folder: Path) -> None:
    """Raise StoreError when a folder lies on a filesystem that is reached over a network.

    Systems that do not tell (macOS) are believed.
    """
    try:
        mounts = _MOUNTS.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return
    kind = filesystem_of(folder, mounts)
    if kind in _REMOTE:
        raise StoreError(
            f"{folder} lies on a network filesystem ({kind}), where locks cannot be trusted",
            hint="make it a link to a folder on a local disk",
        )


def filesystem_of(folder: Path, mounts: str) -> str:
    """Return the type of the filesystem that holds a folder, "" when it is not told.

    `mounts` is the text of Linux' `mountinfo`; of two mounts on one point the later wins.
    """
    place = os.path.realpath(folder)
    best = kind = ""
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        fields = before.split(" ")
        if len(fields) < 5 or not after:
            continue
        point = _unescaped(fields[4])
        inside = place == point or place.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, kind = point, after.split(" ")[0]
    return kind


def _unescaped(text: str) -> str:
    for code, char in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        text = text.replace(code, char)
    return text
