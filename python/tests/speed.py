"""Prints what a call costs: CPU microseconds, the median of rounds over the configurations of tests/configs."""

import pathlib
import statistics
import time

import flopledger

CONFIGS = pathlib.Path(__file__).resolve().parents[2] / "tests" / "configs"
ROUNDS = 9


def readable(folder):
    for path in sorted((CONFIGS / folder).iterdir()):
        try:
            flopledger.calculate_tflops(path)
        except flopledger.ConfigError:
            continue
        yield path


def cost(function, paths):
    begun = time.process_time()
    for path in paths:
        function(path)
    return 1e6 * (time.process_time() - begun) / len(paths)


paths = [path for folder in ("open_clip", "huggingface", "eva_clip") for path in readable(folder)]
for function in (flopledger.calculate_tflops, flopledger.estimate):
    median = statistics.median(cost(function, paths) for _ in range(ROUNDS))
    print(f"{function.__name__:<20} {median:8.1f} us a configuration, of {len(paths)}")
