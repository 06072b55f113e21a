from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub import statedisk as module
from hub.settings import Settings
from hub.statedisk import kind_of, state_findings

MOUNTS = """\
22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
40 27 0:50 / /home rw,relatime shared:9 master:2 - nfs4 server:/export/home rw,vers=4.2
41 40 254:1 / /home/me/scratch rw - xfs /dev/vdb rw
42 27 0:51 / /mnt/with\\040space\\134 rw - cifs //server/share rw
43 27 0:52 / /mnt/laptop rw - fuse.sshfs me@laptop:/ rw
44 27 0:53 / /again rw - nfs server:/again rw
45 27 254:2 / /again rw - ext4 /dev/vdc rw
"""


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/", "ext4"),
        ("/var/lib/evaldock", "ext4"),
        ("/home", "nfs4"),
        ("/home/me/.local/state/evaldock", "nfs4"),
        ("/home/me/scratch/state", "xfs"),
        ("/home/me/scratchy", "nfs4"),
        ("/homely", "ext4"),
        ("/mnt/with space\\/state", "cifs"),
        ("/mnt/laptop/x", "fuse.sshfs"),
        ("/again/x", "ext4"),  # the later mount lies over the earlier one
    ],
)
def test_a_folder_is_on_the_innermost_mount_above_it(folder: str, kind: str) -> None:
    assert kind_of(folder, MOUNTS) == kind


@given(st.text(), st.text(max_size=200))
def test_whatever_the_kernel_says_there_is_an_answer(folder: str, mounts: str) -> None:
    assert isinstance(kind_of(folder, mounts), str)


@pytest.fixture
def mounted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder of which the kernel says that it is on NFS."""
    table = tmp_path / "mountinfo"
    home = tmp_path / "home"
    table.write_text(f"27 1 254:0 / / rw - ext4 /dev/vda rw\n40 27 0:50 / {home} rw - nfs4 server:/home rw\n")
    monkeypatch.setattr(module, "_MOUNTS", table)
    return home


def with_state(folder: Path) -> Settings:
    return Settings(runs_dir=folder, cache_dir=folder, state_dir=folder / "state", runtime_dir=folder)


def test_a_state_folder_on_a_network_file_system_is_a_warning_that_names_it_and_the_mend(mounted: Path) -> None:
    (found,) = state_findings(with_state(mounted))

    assert found.level == "warning"
    assert f"{mounted / 'state'} is on a network file system (nfs4)" in found.message
    assert "EVALDOCK_STATE" in found.mend


def test_one_that_a_link_leads_to_is_found(mounted: Path, tmp_path: Path) -> None:
    mounted.mkdir()
    (tmp_path / "local").symlink_to(mounted)

    assert len(state_findings(with_state(tmp_path / "local"))) == 1


def test_a_disk_of_this_machine_is_not_worth_a_line(mounted: Path, tmp_path: Path) -> None:
    assert state_findings(with_state(tmp_path)) == ()


def test_a_machine_that_does_not_say_what_is_mounted_gives_no_warning(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(module, "_MOUNTS", tmp_path / "none")

    assert state_findings(with_state(tmp_path)) == ()


def test_what_linux_says_can_be_read() -> None:
    assert kind_of("/proc/self", Path("/proc/self/mountinfo").read_text(errors="replace")) == "proc"
