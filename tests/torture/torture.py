#!/usr/bin/env python3
"""The torture campaign: programs natively and counted, which have to do the same. See README.md."""

import argparse
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

import ends
import generated
import real
import table
from disturb import Load, StopsTracer
from runs import Runner

ROOT = Path(__file__).resolve().parents[2]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("parts", nargs="*", help="of kinds, random, real, ends, disturbed; all if none is named")
    add("--flopledger", default=ROOT / "target/release/flopledger", help="the program to try")
    add("--seed", type=int, default=1, help="of the random programs: the first of as many as --programs")
    add("--programs", type=int, default=24, help="how many random programs of each sort")
    add("--only", help="real programs and kinds whose names contain this, or are these (with commas)")
    add("--install", action="store_true", help="install the real programs first (apt-get, as root), and nothing else")
    add("--load", type=int, default=0, metavar="N", help="with N busy processes beside it")
    add("--stop-tracer", action="store_true", help="stop and continue flopledger at random")
    add("--nice", action="store_true", help="with the lowest priority")
    add("--json", metavar="FILE", help="also write all outcomes there")
    add("--minutes", type=float, default=120, help="start nothing more after so long, and say how much was left out")
    add("--scratch", help="where the programs run (a temporary folder, if not given)")
    return parser.parse_args()


def chosen(only, names):
    """Of these names, those that --only means."""
    if not only:
        return names
    wanted = only.split(",")
    return [n for n in names if n in wanted] or [n for n in names if any(w in n for w in wanted)]


def of_real(options, runner, part="real", under_load=False):
    programs = {p["name"]: p for p in real.programs() if not under_load or p.get("load")}
    for name in chosen(options.only, list(programs)):
        yield lambda name=name: real.run_program(runner, programs[name], part)


def of_kinds(options, runner):
    yield from generated.each_kind(runner, options.seed, options.only)


def of_random(options, runner):
    for seed in range(options.seed, options.seed + options.programs):
        yield lambda s=seed: generated.random_program(runner, s, False)
        yield lambda s=seed: generated.random_program(runner, s, True)
        yield lambda s=seed: generated.faulting_blocks(runner, s)
        if seed % 4 == 0:
            yield lambda s=seed: generated.faulting_blocks(runner, s, True)


def of_ends(options, runner):
    yield from ends.all_of(runner)


def of_disturbed(options, runner, scratch):
    """The same under load, with the tracer stopped, and nice: some real programs and random ones."""
    ways = [
        ("load", Runner(runner.flopledger, scratch), 4),
        ("stopped", Runner(runner.flopledger, scratch, disturb=StopsTracer(options.seed)), 0),
        ("nice", Runner(runner.flopledger, scratch, nice=True), 2),
    ]
    for part, disturbed, busy in ways:
        for make in of_real(options, disturbed, part, under_load=True):
            yield lambda make=make, busy=busy: under(busy, make)
        for seed in range(options.seed, options.seed + max(1, options.programs // 6)):
            def one(seed=seed, disturbed=disturbed, part=part, busy=busy):
                outcome = under(busy, lambda: generated.random_program(disturbed, seed, False))
                outcome.part = part
                return outcome
            yield one


def under(busy, make):
    with Load(busy):
        return make()


def main():
    options = arguments()
    if options.install:
        wanted = set(chosen(options.only, [p["name"] for p in real.programs()]))
        real.install([p for p in real.programs() if p["name"] in wanted])
        return 0
    flopledger = Path(options.flopledger).resolve()
    if not os.access(flopledger, os.X_OK):
        sys.exit(f"{flopledger} is no program; build it (make build), or name another with --flopledger")
    scratch = Path(options.scratch or tempfile.mkdtemp(prefix="torture-")).resolve()
    scratch.mkdir(exist_ok=True, parents=True)
    scratch.chmod(0o755)
    disturb = StopsTracer(options.seed) if options.stop_tracer else None
    runner = Runner(flopledger, scratch, options.nice, disturb)
    parts = {
        "kinds": lambda: of_kinds(options, runner),
        "random": lambda: of_random(options, runner),
        "real": lambda: of_real(options, runner),
        "ends": lambda: of_ends(options, runner),
        "disturbed": lambda: of_disturbed(options, runner, scratch),
    }
    unknown = [part for part in options.parts if part not in parts]
    if unknown:
        sys.exit(f"there is no part {unknown[0]}; the parts are {', '.join(parts)}")
    outcomes, left_out, until = [], 0, time.monotonic() + options.minutes * 60
    with Load(options.load):
        for part in options.parts or parts:
            for make in parts[part]():
                if time.monotonic() > until:
                    left_out += 1
                    continue
                outcomes.append(make())
                print("  ".join(table.line(outcomes[-1])), flush=True)
    print("\n" + table.shown(outcomes))
    if left_out:
        print(f"{left_out} were not tried: --minutes {options.minutes:g} were over")
    print(table.closing(outcomes))
    if options.json:
        table.write_json(outcomes, options.json)
    failed = any(outcome.failed() for outcome in outcomes)
    if not failed and not options.scratch:
        shutil.rmtree(scratch, ignore_errors=True)
    return failed


if __name__ == "__main__":
    sys.exit(main())
