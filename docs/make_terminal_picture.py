"""Record `evaldock run` on a terminal and draw what was left on it as docs/images/terminal.svg, for the README.

    python docs/make_terminal_picture.py [ARGUMENT OF evaldock run ...]

Default: `quickstart`. Prepare its environment first (`evaldock build native`), or its progress is in the picture.
"""

from __future__ import annotations

import fcntl
import io
import os
import pty
import re
import struct
import subprocess
import sys
import tempfile
import termios
from pathlib import Path

from rich.console import Console
from rich.text import Text

PICTURE = Path(__file__).parent / "images" / "terminal.svg"
SIZE_LIMIT = 100_000
ROWS, COLUMNS = 50, 118
_STEP = re.compile(r"(\x1b\[\d*A|\x1b\[2K|\x1b\[\?25[lh]|\r|\n)")
_FONT = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


def record(command: list[str], folder: str) -> str:
    """Return everything that a command writes to a terminal of its own.

    Raises:
        CalledProcessError: it failed.
    """
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    environment = {**os.environ, "TERM": "xterm-256color", "EVALDOCK_RUNS": "runs"}
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, cwd=folder, env=environment)
    os.close(theirs)
    written = b""
    try:
        while chunk := os.read(ours, 1 << 16):
            written += chunk
    except OSError:  # Linux: the other end was closed
        pass
    finally:
        os.close(ours)
    if code := process.wait():
        raise subprocess.CalledProcessError(code, command, written.decode())
    return written.decode()


def screen_lines(written: str) -> list[str]:
    """Return the lines that are left once moving bars were drawn and wiped: whole lines, as rich wipes them."""
    lines, row = [""], 0
    for part in _STEP.split(written):
        if part == "\n":
            row += 1
            lines += [""] * (row + 1 - len(lines))
        elif part.endswith("A") and part.startswith("\x1b"):
            row = max(0, row - int(part[2:-1] or 1))
        elif part == "\x1b[2K":
            lines[row] = ""
        elif not _STEP.fullmatch(part):
            lines[row] += part
    return lines


def draw(lines: list[str]) -> str:
    """Return lines with ANSI colours as an SVG that loads no font."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, highlight=False)
    for line in lines:
        console.print(Text.from_ansi(line), no_wrap=True, crop=True)
    return _FONT.sub("", console.export_svg(title="evaldock", unique_id="evaldock"))


def main(arguments: list[str]) -> None:
    """Record a run and write its picture."""
    evaldock = str(Path(sys.executable).parent / "evaldock")
    with tempfile.TemporaryDirectory() as folder:
        written = record([evaldock, "run", *arguments], folder)
    prompt = f"\x1b[32m$\x1b[0m evaldock run {' '.join(arguments)}"
    PICTURE.write_text(draw([prompt, *screen_lines(written.rstrip())]), encoding="utf-8")
    size = PICTURE.stat().st_size
    print(f"{PICTURE.name}: {size / 1000:.0f} kB")
    if size > SIZE_LIMIT:
        sys.exit(f"the picture is larger than {SIZE_LIMIT / 1000:.0f} kB: make it smaller")


if __name__ == "__main__":
    main(sys.argv[1:] or ["quickstart"])
