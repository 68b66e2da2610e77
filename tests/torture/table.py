"""The table at the end, and the same for machines."""

import json


def seconds(value):
    return "" if value is None else f"{value:.2f}"


def line(outcome):
    exact = {True: "yes", False: "no", None: ""}[outcome.exact]
    why = outcome.detail or "; ".join(outcome.reasons)
    return [outcome.part, outcome.name, seconds(outcome.native_s), seconds(outcome.counted_s), outcome.status, exact, why]


def shown(outcomes, width=110):
    """As text, failures last. What is long is cut: --json has it all."""
    ordered = sorted(outcomes, key=lambda o: o.failed())
    rows = [["part", "program", "native s", "counted s", "status", "exact", "reason"]] + [line(o) for o in ordered]
    rows = [[*row[:6], " ".join(row[6].split())[:width]] for row in rows]
    widths = [max(len(row[i]) for row in rows) for i in range(6)]
    def cells(row):
        right = (2, 3)
        return "  ".join(c.rjust(w) if i in right else c.ljust(w) for i, (c, w) in enumerate(zip(row, widths)))
    return "\n".join(f"{cells(row)}  {row[6]}".rstrip() for row in rows)


def closing(outcomes):
    failed, skipped = sum(o.failed() for o in outcomes), sum(o.skipped() for o in outcomes)
    return f"{len(outcomes) - failed - skipped} passed, {failed} failed, {skipped} skipped"


def write_json(outcomes, path):
    with open(path, "w") as file:
        json.dump([outcome.plain() for outcome in outcomes], file, indent=1)
        file.write("\n")
