"""Random programs, natively against translated with each place of counting, and against single steps."""

import shutil

import blocks
import generate
from runs import Outcome, judge

# Where in its blocks the translator counts them (a hidden option of `run`).
COUNT_AT = ["cheapest", "first", "last"]
# Why a program of kinds may go on uncounted.
REASONS = "runs uncounted|shared memory"
STEP_S = 400
# A program of kinds takes a second or two.
SECONDS = 40


def translate(place):
    return ["--counter", "translate", "--count-at", place]


def compared(runner, name, program, folder, places, step, reason=None):
    """One outcome for a program: the first fault that any of its runs has."""
    native = runner.natively([str(program)], folder)
    outcome = Outcome("generated", name)
    if native.status != 0 or native.ended or b"UNEXPECTED" in native.stdout:
        outcome.status = "natively differs"
        wrong = [line for line in native.stdout.decode(errors="replace").splitlines() if "UNEXPECTED" in line]
        outcome.detail = f"status {native.status} {native.ended or ''} {'; '.join(wrong)}"
        return outcome
    seen = []
    for place in places:
        ran, result = runner.counted([str(program)], folder, translate(place), seconds=SECONDS)
        judge(outcome, native, ran, result, reason)
        if outcome.failed():
            outcome.detail = f"counted at {place}: {outcome.detail or outcome.reasons}"
            return outcome
        seen.append((place, result))
    if step and outcome.exact:
        ran, result = runner.counted([str(program)], folder, ["--counter", "step"], seconds=STEP_S)
        stepped = judge(Outcome("generated", name), native, ran, result, reason)
        if stepped.failed():
            outcome.status, outcome.detail = stepped.status, f"stepped: {stepped.detail or stepped.reasons}"
            return outcome
        seen.append(("step", result))
    for place, result in seen[1:]:
        ours, theirs = arithmetic(result), arithmetic(seen[0][1])
        if outcome.exact and ours != theirs:
            outcome.status = "counts"
            outcome.detail = f"FLOPs of {seen[0][0]} and {place}: {theirs} and {ours}"
    return outcome


def arithmetic(result):
    """FLOPs by instruction. Moves are left out: how many the C library makes depends on where memory is, and on
    how often it waits."""
    return {f"{c['mnemonic']} {c['width']}": c["flops"] for c in result["classes"] if c["flops"]}


def each_kind(runner, seed, only=None):
    """Every kind in every place, as a program of its own; the builds and the places of counting take turns."""
    every = generate.kinds()
    for number, step in enumerate(generate.every_step(seed)):
        kind, place, _ = step
        if only and only not in f"{kind}/{place}":
            continue
        reason = REASONS if "UNCOUNTED" in every[kind][1] else None
        build, at = generate.BUILDS[number % len(generate.BUILDS)], COUNT_AT[number % len(COUNT_AT)]
        yield lambda step=step, build=build, at=at, reason=reason: of_steps(
            runner, f"{step[0]}/{step[1]}", [step], build, [at], False, reason
        )


def random_program(runner, seed, step):
    """A sequence of kinds. With `step`, one that is short enough to be stepped through."""
    options = ["-O2", "-static"] if step else generate.BUILDS[seed % len(generate.BUILDS)]
    steps = generate.random_steps(seed, 2 if step else 8, {"SLOW", "UNCOUNTED"} if step else {"UNCOUNTED"})
    if step:
        # How often a timer or a storm interrupts is left to chance, and so are the handler's instructions: no FLOPs.
        steps = [(kind, "on_main" if place in ("under_ticks", "under_storm") else place, s) for kind, place, s in steps]
    name = f"random-{seed}" + ("-stepped" if step else "")
    return of_steps(runner, name, steps, options, COUNT_AT, step, REASONS)


def of_steps(runner, name, steps, options, places, step, reason):
    folder = runner.folder(name)
    try:
        program = generate.build(steps, folder, "program", options)
    except RuntimeError as error:
        return Outcome("generated", name, "skipped", detail=str(error)[-300:])
    outcome = compared(runner, name, program, folder, places, step, reason)
    return finish(outcome, folder, f"{' '.join(options)}: {' '.join(f'{k}/{p}/{s}' for k, p, s in steps)}")


def faulting_blocks(runner, seed, step=False):
    """Blocks with faults in them, whose flags and registers handlers see."""
    name = f"blocks-{seed}" + ("-stepped" if step else "")
    folder = runner.folder(name)
    program = blocks.build(seed, 12 if step else 200, folder)
    outcome = compared(runner, name, program, folder, COUNT_AT, step)
    return finish(outcome, folder, f"seed {seed}")


def finish(outcome, folder, what):
    """A program that failed stays to be looked at."""
    if outcome.failed():
        outcome.detail = f"{outcome.detail} [{folder}: {what}]"
    else:
        shutil.rmtree(folder, ignore_errors=True)
    return outcome
