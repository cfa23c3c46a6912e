"""The surroundings that SQLite asks for."""

from __future__ import annotations

from pathlib import Path

import pytest

from intake.errors import UserError
from intake.store import alone

MOUNTS = r"""
/dev/sda1 / ext4 rw,relatime 0 0
proc /proc proc rw 0 0
server:/export /srv/mail nfs4 rw,vers=4.2 0 0
/dev/sdb1 /srv/mail/local xfs rw 0 0
//server/share /mnt/big\040share cifs rw 0 0
user@host:/home /home/user/remote fuse.sshfs rw 0 0
overlay /var/lib/box fuse.fuse-overlayfs rw 0 0
drvfs /mnt/c 9p rw 0 0
tmpfs /mnt/c/tmp tmpfs rw 0 0
server:/over /mnt/covered nfs rw 0 0
/dev/sdc1 /mnt/covered ext4 rw 0 0
""".strip()


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/data/intake.sqlite", None),
        ("/srv/mail/intake.sqlite", "nfs4"),
        ("/srv/mailbox/intake.sqlite", None),
        ("/srv/mail/local/intake.sqlite", None),
        ("/mnt/big share/intake.sqlite", "cifs"),
        ("/home/user/remote/a/b.sqlite", "fuse.sshfs"),
        ("/var/lib/box/intake.sqlite", None),
        ("/mnt/c/Users/intake.sqlite", "9p"),
        ("/mnt/c/tmp/intake.sqlite", None),
        ("/mnt/covered/intake.sqlite", None),
    ],
)
def test_network_file_systems_are_told(path: str, kind: str | None) -> None:
    """H2: the mount that holds the file decides, the last one where several lie over one another."""
    assert alone.network_type(Path(path), MOUNTS) == kind


def test_network_file_system_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """H2: a database on a network file system is refused with its type; a link there is no way round."""
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/sda1 / ext4 rw 0 0\nserver:/x {tmp_path}/far nfs rw 0 0\n")
    monkeypatch.setattr(alone, "MOUNTS", mounts)
    (tmp_path / "far").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "far")
    with pytest.raises(UserError, match=r"network file system \(nfs\)"):
        alone.refuse_network(tmp_path / "link" / "intake.sqlite")
    alone.refuse_network(tmp_path / "intake.sqlite")


def test_nobody_can_tell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system has no list of mounts, nothing is refused."""
    monkeypatch.setattr(alone, "MOUNTS", tmp_path / "none")
    alone.refuse_network(tmp_path)
