#!/usr/bin/env python3
"""Runs the tools that conventions are about, and holds what they print against figures.csv.

Usage: measure.py [--write] [WORD]..

Each case of cases.py that fits the installed versions is run in a process of its own; a word restricts
them to the tools that it is a part of the name of. Without --write, each figure is compared with those
recorded, and what does not hold any more is said: the exit status is 1 then. With it, figures.csv gets
the figures under the versions that are installed.

ultralytics-thop is imported by the name of another tool: ULTRALYTICS_THOP names a folder that it was
installed into (pip install --target). pytorch_model_summary is in no registry: PYTORCH_MODEL_SUMMARY
names a checkout of it.
"""

import csv
import datetime
import json
import logging
import os
import pathlib
import sys
import warnings
from importlib import metadata

os.environ.setdefault("OMP_NUM_THREADS", "1")
warnings.filterwarnings("ignore")

import torch
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from cases import CASES
from counters import counted
from models import LIBRARIES, PACKAGES

FIGURES = pathlib.Path(__file__).parent / "figures.csv"
COLUMNS = ["model", "tool", "setting", "tower", "unit", "value", "source", "date"]
DISTRIBUTIONS = {
    "flop-counter": "torch",
    "ptflops-pytorch": "ptflops",
    "ptflops-aten": "ptflops",
    "hf-trainer": "transformers",
}
# Tools that are no installed distribution, by the variable that names their folder.
FOLDERS = {"ultralytics-thop": "ULTRALYTICS_THOP", "pytorch-model-summary": "PYTORCH_MODEL_SUMMARY"}


def version(distribution, folder=None):
    found = metadata.distributions(name=distribution, path=[folder] if folder else sys.path)
    return next((one.version for one in found), None)


def tool_version(tool):
    """None where the tool is not here."""
    name = DISTRIBUTIONS.get(tool, tool)
    if tool not in FOLDERS:
        return version(name)
    folder = os.environ.get(FOLDERS[tool])
    if not folder or not pathlib.Path(folder).is_dir():
        return None
    return version(name, folder) or "of 2018"


def missing(case):
    """Why a case cannot be run here; nothing where it can."""
    if tool_version(case.tool) is None:
        return f"{case.tool} is not installed"
    if version(PACKAGES[case.library]) is None:
        return f"{PACKAGES[case.library]} is not installed"
    for distribution, wanted in case.when:
        found = version(distribution)
        if found is None or Version(Version(found).base_version) not in SpecifierSet(wanted):
            return f"it is for {distribution} {wanted}, and {found} is installed"
    return None


def source(case):
    library, name = PACKAGES[case.library], DISTRIBUTIONS.get(case.tool, case.tool)
    parts = [f"{library} {version(library)}"]
    parts += [f"{case.library.removeprefix('hf-')} attention"] if case.library.startswith("hf-") else []
    parts += [f"torch {torch.__version__}"]
    parts += [f"{name} {tool_version(case.tool)}"] if name not in ("torch", library) else []
    return ", ".join(parts + [case.device, {"grad": "gradients", "no_grad": "no gradients"}[case.mode]])


def forked(case, towers, tower):
    """A tool replaces functions and leaves hooks, so each run has a process of its own."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        if case.tool == "ultralytics-thop":
            sys.path.insert(0, os.environ["ULTRALYTICS_THOP"])
        try:
            told = counted(case.counter or case.tool, *towers[tower], case.mode == "grad")
        except BaseException as error:
            told = {"error": f"{type(error).__name__}: {error}"}
        os.write(writing, json.dumps(told).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as told:
        text = told.read()
    os.waitpid(child, 0)
    return json.loads(text or '{"error": "the process ended"}')


def measured(words):
    """Each case that can be run with its model, tower and value; a text where that is an error."""
    cases = [case for case in CASES if not words or any(word in case.tool for word in words)]
    for case in cases:
        if reason := missing(case):
            print(f"left out: {case.tool}@{case.setting}: {reason}", file=sys.stderr)
    runs = [(case, model) for case in cases if not missing(case) for model in case.models]
    runs.sort(key=lambda run: (run[0].library, run[1], run[0].device))
    built, towers, told = None, None, {}
    for case, model in runs:
        if built != (case.library, model, case.device):
            built, told = (case.library, model, case.device), {}
            towers = LIBRARIES[case.library](model, case.device)
        for tower in case.towers:
            key = (case.run, tower)
            if key not in told:
                told[key] = forked(case, towers, tower)
            yield case, model, tower, told[key].get(case.column, told[key].get("error"))


def recorded():
    with FIGURES.open(newline="") as file:
        return list(csv.DictReader(file))


def figure(row):
    return tuple(row[key] for key in ("model", "tool", "setting", "tower"))


def write(words):
    today = datetime.date.today().isoformat()
    rows = {(figure(row), row["source"]): row for row in (recorded() if FIGURES.exists() else [])}
    for case, model, tower, value in measured(words):
        values = [model, case.tool, case.setting, tower, case.column, value, source(case), today]
        print(*values, file=sys.stderr)
        if not isinstance(value, int):
            sys.exit(f"{case.tool}@{case.setting}:{tower} of {model}: {value}")
        row = dict(zip(COLUMNS, values))
        rows[(figure(row), row["source"])] = row
    with FIGURES.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(sorted(rows.values(), key=lambda row: (row["tool"], row["setting"], row["source"], row["model"])))


def check(words):
    known = {}
    for row in recorded():
        known.setdefault(figure(row), {}).setdefault(int(row["value"]), []).append(row["source"])
    held, lost = 0, 0
    for case, model, tower, value in measured(words):
        values = known.get((model, case.tool, case.setting, tower), {})
        if value in values:
            held += 1
            continue
        lost += 1
        was = "; ".join(f"{old} with {', '.join(sources)}" for old, sources in values.items()) or "nothing"
        print(f"no longer holds: {case.tool}@{case.setting}:{tower} of {model}: {value} with {source(case)}; recorded: {was}")
    print(f"{held} figures hold, {lost} do not, of those that the installed versions can show")
    return 1 if lost else 0


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    torch.set_num_threads(1)
    words = [word for word in sys.argv[1:] if not word.startswith("--")]
    sys.exit(write(words) if "--write" in sys.argv else check(words))
