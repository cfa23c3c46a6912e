"""What SQLite asks of its surroundings: a disk of this machine, and one service at a time."""

from __future__ import annotations

import fcntl
import os
import re
from pathlib import Path

from intake.errors import UserError

MOUNTS = Path("/proc/self/mounts")

# Types of file systems whose locks and shared memory SQLite's write-ahead log cannot rely on.
NETWORK = frozenset(
    {
        "9p",
        "afs",
        "beegfs",
        "ceph",
        "cifs",
        "coda",
        "davfs",
        "gfs2",
        "glusterfs",
        "gpfs",
        "lustre",
        "ncpfs",
        "nfs",
        "nfs4",
        "ocfs2",
        "smb2",
        "smb3",
        "smbfs",
        "vboxsf",
    }
)
LOCAL_FUSE = frozenset({"fuse.fuse-overlayfs", "fuse.ext4", "fuse.mergerfs", "fuseblk"})


def refuse_network(path: Path) -> None:
    """Raise UserError where `path` lies on a network file system; where nobody can tell, it does not."""
    if not MOUNTS.exists():
        return
    kind = network_type(path.resolve(), MOUNTS.read_text("utf-8", "surrogateescape"))
    if kind:
        raise UserError(
            f"{path} lies on a network file system ({kind}), where SQLite loses data: move it to a disk of this "
            "machine, or use PostgreSQL"
        )


def network_type(path: Path, mounts: str) -> str | None:
    """Return the network file system's type under the absolute `path`, None for a local one.

    `mounts` is in the format of /proc/self/mounts (fstab(5): device, mount point, type, and more, a line a mount).
    """
    kind, longest = "", -1
    for line in mounts.splitlines():
        _device, point, type_ = line.split(" ")[:3]
        place = Path(re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), point))
        if path.is_relative_to(place) and len(place.parts) >= longest:
            kind, longest = type_, len(place.parts)
    remote = kind in NETWORK or (kind.startswith("fuse.") and kind not in LOCAL_FUSE)
    return kind if remote else None


class Lock:
    """A lock file that one process at a time holds; the system lets go of it when the process dies.

    It is a lock by fcntl(2), not by flock(2): the children that a killed process leaves behind do not inherit it.
    """

    def __init__(self, path: Path) -> None:
        """Take the lock, or raise UserError where another process has it."""
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.read(self._file, 20).decode("ascii", "replace").strip()
            os.close(self._file)
            raise UserError(f"another `intake run` uses this database (process {holder or 'unknown'})") from error
        os.truncate(self._file, 0)
        os.write(self._file, f"{os.getpid()}\n".encode())

    def release(self) -> None:
        """Let go; the file stays, for removing it would let two processes hold one name."""
        os.close(self._file)
