"""Real programs (programs.toml): which are there, how the others are installed, and how each does."""

import glob
import os
import shutil
import subprocess
import tomllib
from pathlib import Path

from runs import PATH, Outcome, judge

LIST = Path(__file__).resolve().parent / "programs.toml"
SECONDS = 120


def programs():
    with open(LIST, "rb") as file:
        return tomllib.load(file)["program"]


def install(chosen):
    """Installs their packages from Debian, one program at a time: one that is not to be had is left out."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "update"], env=environment, check=False)
    for program in chosen:
        packages = program.get("package", "").split()
        if packages and missing(program):
            command = ["apt-get", "install", "-y", "--no-install-recommends", *packages]
            if subprocess.run(command, env=environment, check=False).returncode:
                print(f"not installed: {' '.join(packages)}")


def missing(program):
    """What a program needs and this machine has not; None if it has all."""
    needs = program.get("needs", program["command"].split()[0])
    for need in needs.split():
        if need.startswith("py:"):
            command = ["/usr/bin/python3", "-c", f"import importlib.util as u, sys; sys.exit(not u.find_spec('{need[3:]}'))"]
            found = subprocess.run(command, capture_output=True, check=False).returncode == 0
        elif "/" in need:
            found = bool(glob.glob(need))
        else:
            found = bool(shutil.which(need, path=PATH))
        if not found:
            return need.removeprefix("py:")
    return None


def run_program(runner, program, part="real"):
    """Natively, and counted; natively again where the two differ, since not every program repeats itself."""
    name, user = program["name"], program.get("user", False)
    outcome = Outcome(part, name)
    lacks = missing(program)
    if lacks:
        outcome.status, outcome.detail = "skipped", f"no {lacks}"
        return outcome
    command = ["sh", "-c", program["command"]]
    files, seconds = program.get("files"), program.get("seconds", SECONDS)
    native = runner.natively(command, runner.folder(name, files, user), user)
    folder = runner.folder(name, files, user)
    ran, result = runner.counted(command, folder, user=user, seconds=seconds)
    judge(outcome, native, ran, result, program.get("reason"), program.get("without"))
    if outcome.status == "differs":
        again = runner.natively(command, runner.folder(name, files, user), user)
        check = judge(Outcome(part, name), native, again, result, ".*", program.get("without"))
        if check.status != "same":
            outcome.status, outcome.detail = "natively differs", check.detail.replace("counted", "the second time")
    shutil.rmtree(folder, ignore_errors=True)
    return outcome
