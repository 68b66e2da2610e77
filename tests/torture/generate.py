"""Random programs: each a sequence of kinds (kinds/*.h), each run somewhere (places.h)."""

import random
import re
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent
KIND = re.compile(r"^KIND\((\w+)(?:, ([A-Z, ]+))?\)", re.M)
HEADERS = [
    "arithmetic", "self_modifying", "mapped", "dual_mapped", "kernel_writes",
    "kernel_writes_later", "signals", "faults", "processes", "threads",
]
# What a kind's flags allow besides the main thread and a child.
PLACES = {
    "THREADS": ["in_threads", "under_ticks", "under_storm", "on_code_stack"],
    "HANDLER": ["in_handler"],
}
BUILDS = [
    ["-O0"],
    ["-O1", "-fno-pie", "-no-pie"],
    ["-O2"],
    ["-O2", "-static"],
    ["-O3", "-march=native"],
    ["-O2", "-static-pie", "-mno-red-zone"],
    ["-Os", "-fcf-protection=full", "-z", "ibt"],
    ["-O2", "-z", "execstack"],
]
ALWAYS = ["-std=gnu17", "-w", "-pthread", "-ftrapping-math", "-I", str(HERE)]


def kinds():
    """Every kind by name: its header and its flags."""
    found = {}
    for header in HEADERS:
        text = (HERE / "kinds" / f"{header}.h").read_text()
        for name, flags in KIND.findall(text):
            found[name] = (header, {flag.strip() for flag in (flags or "").split(",")})
    return found


def places(flags):
    """Where a kind may be run."""
    if "CHILD" in flags:
        return ["in_child"]
    found = ["on_main", "in_child"]
    for flag, more in PLACES.items():
        if flag in flags:
            found += more
    return found


def source(steps):
    """A program of (kind, place, seed)s."""
    every = kinds()
    headers = [h for h in HEADERS if any(every[kind][0] == h for kind, _, _ in steps)]
    lines = ['#include "torture.h"']
    lines += [f'#include "kinds/{header}.h"' for header in headers]
    lines += [
        "int main(int count, char **args) {",
        '    if (count == 3 && strcmp(args[1], "answer") == 0) return atoi(args[2]);',
    ]
    if "processes" in headers:
        lines.append("    program = realpath(args[0], 0);")
    lines += [f'    {place}("{kind}", {kind}, {seed}ull);' for kind, place, seed in steps]
    lines += ["    return unexpected != 0;", "}", ""]
    return "\n".join(lines)


def random_steps(seed, length, leave_out=()):
    """A random sequence; `leave_out`: flags of kinds that are not wanted."""
    chance = random.Random(seed)
    every = kinds()
    wanted = [kind for kind, (_, flags) in every.items() if not flags & set(leave_out)]
    steps = []
    for _ in range(length):
        kind = chance.choice(wanted)
        steps.append((kind, chance.choice(places(every[kind][1])), chance.getrandbits(48)))
    return steps


def every_step(seed):
    """Each kind in each place, as programs of one step."""
    chance = random.Random(seed)
    for kind, (_, flags) in kinds().items():
        for place in places(flags):
            yield kind, place, chance.getrandbits(48)


def build(steps, folder, name, options):
    """Compiles a program; None where the compiler cannot (no static libc, say)."""
    path, text = folder / name, folder / f"{name}.c"
    text.write_text(source(steps))
    command = ["gcc", *options, *ALWAYS, str(text), "-o", str(path), "-lrt"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}:\n{done.stderr}")
    return path
