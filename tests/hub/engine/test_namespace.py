"""Where the kernel bounds the processes of a job, and nothing but the job's."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from hub.engine.namespace import Fence, best_fence, counts_processes

# A job that starts 60 processes, launched as an ordinary user, which root is not. Imports come before the change of
# user, who may not read this Python.
LAUNCH = """
import ctypes, os, sys
from hub.engine.namespace import adopt_orphans, counts_processes
from hub.engine.venv.launch import Spec, launch
if not os.getuid():
    os.setgroups([]); os.setgid(10001); os.setuid(10001)
    ctypes.CDLL(None).prctl(4, 1)
others = [os.spawnlp(os.P_NOWAIT, "sleep", "sleep", "60") for _ in range(30)]
assert counts_processes(sys.argv[1])
adopt_orphans()
argv = ["/bin/sh", "-c", "for i in $(seq 60); do sleep 60 & echo started; done"]
env = {"PATH": os.defpath}
pid = launch(Spec(argv, env, "/", "/", "/", sys.argv[1], False, None, None, None, 20, 1.0), 1)
os.waitpid(pid, 0)
while left := open(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read().split():
    os.kill(int(left[0]), 9)
    os.waitpid(int(left[0]), 0)
"""


@pytest.mark.parametrize(
    ("fence", "uid", "release", "counts"),
    [
        ("full", 1000, "6.18.44-generic", True),
        ("network", 1000, "5.14.0-503.el9.x86_64", True),
        ("full", 1000, "5.4.0-150-generic", False),
        ("none", 1000, "6.18.44", False),
        ("full", 0, "6.18.44", False),
    ],
)
def test_processes_are_bounded_where_the_kernel_counts_them_by_job(
    monkeypatch: pytest.MonkeyPatch, fence: Fence, uid: int, release: str, *, counts: bool
) -> None:
    monkeypatch.setattr(os, "getuid", lambda: uid)
    monkeypatch.setattr(os, "uname", lambda: os.uname_result(("Linux", "host", release, "", "x86_64")))

    assert counts_processes(fence) is counts


@pytest.mark.parametrize("fence", ["full", "network"])
def test_a_jobs_processes_are_bounded_whatever_else_the_user_runs(fence: Fence) -> None:
    release = tuple(int(part) for part in os.uname().release.split("-")[0].split(".")[:2])
    if best_fence() == "none" or (fence == "full" and best_fence() != "full") or release < (5, 14):
        pytest.skip("this kernel makes no such fence, or counts by user")

    argv = [sys.executable, "-c", LAUNCH, fence]
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(
        argv, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60, check=False
    )

    if "the job cannot start" in done.stdout:
        pytest.skip("an ordinary user may not make namespaces here")
    assert 10 < done.stdout.count("started") < 20, done.stdout
    assert "fork" in done.stdout
