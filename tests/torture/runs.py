"""One command natively and counted: what each did, and whether the two are the same."""

import json
import os
import re
import shutil
import signal
import subprocess
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

# Natively a program has this long; what is tried here takes a second or two.
NATIVE_S = 180
# How long flopledger may take to end once it is told to.
ENDS_S = 15
NOBODY = 65534
# The same for both runs, so that no program sees anything else.
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/games"


@dataclass
class Ran:
    """What a command did."""

    stdout: bytes
    stderr: bytes
    status: int
    seconds: float
    # None, or how it had to be ended.
    ended: str | None = None


@dataclass
class Outcome:
    """A line of the table."""

    part: str
    name: str
    status: str = "same"
    native_s: float | None = None
    counted_s: float | None = None
    exact: bool | None = None
    reasons: list = field(default_factory=list)
    flops: int | None = None
    detail: str = ""

    def failed(self):
        return self.status not in ("same", "skipped", "natively differs")

    def skipped(self):
        return self.status in ("skipped", "natively differs")

    def plain(self):
        return asdict(self)


def environment(folder):
    return {
        "PATH": PATH, "HOME": str(folder), "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "TERM": "dumb",
        "TZ": "UTC", "PYTHONHASHSEED": "0", "TMPDIR": str(folder),
    }


def execute(command, folder, seconds, disturb=None):
    """Runs a command in a folder, with nothing on stdin. What does not end is told to, then killed."""
    began = time.monotonic()
    process = subprocess.Popen(
        command, cwd=folder, env=environment(folder), stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    )
    if disturb:
        disturb.starts(process.pid)
    ended = None
    try:
        out, err = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        ended = f"did not end in {seconds} s"
        process.terminate()
        try:
            out, err = process.communicate(timeout=ENDS_S)
        except subprocess.TimeoutExpired:
            # Either it has not ended, or what it started holds its stdout.
            if process.poll() is None:
                ended += f", nor {ENDS_S} s after SIGTERM"
                process.kill()
            kill_session(process.pid)
            out, err = process.communicate()
    finally:
        if disturb:
            disturb.ends()
    return Ran(out, err, process.returncode, time.monotonic() - began, ended)


def kill_session(leader):
    """Ends what a command has left running in its session, which is ours by its id."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            if int(fields[3]) == leader:
                os.kill(int(entry.name), signal.SIGKILL)
        except (OSError, IndexError, ValueError):
            continue


def as_user(user):
    """What puts a normal user in place of root."""
    if not user or os.getuid() != 0:
        return []
    return ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--"]


class Runner:
    """Runs commands natively and counted in folders of their own."""

    def __init__(self, flopledger, scratch, nice=False, disturb=None):
        self.flopledger, self.scratch = str(flopledger), Path(scratch)
        self.nice = ["nice", "-n", "19"] if nice else []
        self.disturb = disturb

    def folder(self, name, files=None, user=False):
        """A fresh one, always of the same name: programs print where they are."""
        folder = self.scratch / re.sub(r"[^\w.-]", "-", name)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for file, text in (files or {}).items():
            (folder / file).write_text(text)
        if user and os.getuid() == 0:
            for path in [folder, *folder.iterdir()]:
                os.chown(path, NOBODY, NOBODY)
        return folder

    def natively(self, command, folder, user=False, seconds=NATIVE_S):
        return execute([*as_user(user), *command], folder, seconds)

    def counted(self, command, folder, options=("--counter", "translate"), user=False, seconds=120):
        """The run, and its result: {} if flopledger gave none."""
        results = self.scratch / "results"
        results.mkdir(exist_ok=True)
        results.chmod(0o777)
        result = results / f"{folder.name}.json"
        result.unlink(missing_ok=True)
        line = [*as_user(user), *self.nice, self.flopledger, "run", *options]
        line += ["--format", "json", "-o", str(result), "--", *command]
        ran = execute(line, folder, seconds, self.disturb)
        try:
            return ran, json.loads(result.read_text())
        except (OSError, ValueError):
            return ran, {}


def differences(native, counted, without=None):
    """In words, what is not the same; "" if all is."""
    def shown(out):
        return re.sub(without.encode(), b"", out, flags=re.M) if without else out

    if counted.ended:
        return counted.ended
    told = []
    if native.status != counted.status:
        told.append(f"status {native.status} natively, {counted.status} counted")
    ours, theirs = shown(counted.stdout), shown(native.stdout)
    if ours != theirs:
        at = next((i for i, (a, b) in enumerate(zip(ours, theirs)) if a != b), min(len(ours), len(theirs)))
        line = theirs.count(b"\n", 0, at)
        def around(out):
            lines = out.splitlines()
            return lines[line][:120].decode(errors="replace") if line < len(lines) else "(the end)"
        told.append(f"stdout differs in line {line + 1}: {around(theirs)!r} natively, {around(ours)!r} counted")
    if told and counted.stderr:
        told.append("stderr ends in " + repr(counted.stderr[-200:].decode(errors="replace")))
    return "; ".join(told)


def judge(outcome, native, ran, result, reason=None, without=None):
    """Fills in an outcome. `reason`: a pattern that each of the result's reasons has to match."""
    outcome.native_s, outcome.counted_s = round(native.seconds, 2), round(ran.seconds, 2)
    outcome.exact, outcome.reasons = result.get("exact"), result.get("reasons", [])
    outcome.flops = (result.get("flops") or {}).get("total")
    told = differences(native, ran, without)
    if native.ended:
        outcome.status, outcome.detail = "natively differs", f"natively, it {native.ended}"
    elif told:
        outcome.status, outcome.detail = "hangs" if ran.ended else "differs", told
    elif not result:
        outcome.status, outcome.detail = "no result", ran.stderr[-300:].decode(errors="replace")
    elif outcome.exact != (not outcome.reasons):
        outcome.status, outcome.detail = "claim", "exact and its reasons contradict each other"
    elif not all(reason and re.search(reason, told) for told in outcome.reasons):
        outcome.status = "not exact"
    return outcome
