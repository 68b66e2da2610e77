#!/usr/bin/env python3
"""Writes one CSV a tool beside this file from tool-counts.json, the figures that the tools printed.

Each row of it names the library, versions, device and gradient mode it was measured under; here
these become the setting of a convention. What has no closed form (torchprofile) is left out.
Usage: generate.py tool-counts.json
"""

import csv
import json
import pathlib
import sys

TOOLS = {
    "torch.FlopCounterMode": "flop-counter",
    "open_clip profiler (torch.FlopCounterMode, GPU)": "flop-counter",
    "torchstat (2-D Linear assertion removed)": "torchstat",
    "formula-script": "seed-formula",
    "ptflops:pytorch": "ptflops-pytorch",
    "ptflops:aten": "ptflops-aten",
}
TOWERS = {"vision": "image", "text": "text", "both": "total"}


def setting(row, tool):
    source, device = row["source"], row.get("device") or ""
    library = "hf" if "transformers" in source else "openai" if source.startswith("openai") else "open_clip"
    old_hf = "4.38" in source
    sdpa = "attn=sdpa" in source
    eager = library == "hf" and not sdpa
    meta = device.startswith("meta")
    torch = row.get("torch") or ""
    torch22 = torch.startswith("2.2")
    fast_path = "fast path" in (row.get("attention_path") or "")
    hf = "hf-sdpa" if sdpa else "hf-eager"
    # The text of a model on the fast path has a mask, so runs as it does off it.
    fast_path &= row["tower"] != "text"
    macs = "-macs" if row["unit"] == "macs" else ""
    on_meta = "-meta" if meta else ""
    match tool:
        case "seed-formula":
            return ""
        case "torchstat":
            return row["unit"]
        case "thop":
            return "hf" if library == "hf" else "open_clip"
        case "fvcore":
            if library == "hf":
                return hf
            if library == "openai":
                return "openai-torch2"
            if torch.startswith("<=1.11"):
                return "open_clip-torch1.11"
            if torch.startswith("1.13"):
                return "open_clip-torch1.13"
            return "open_clip-fast-path" if fast_path else "open_clip-torch2"
        case "flop-counter":
            full = meta or torch22 or not torch
            if eager or full:
                return hf if library == "hf" else library
            if fast_path:
                return "cpu-fast-path"
            return "cpu-sdpa" if library == "open_clip" else f"{library}-cpu-sdpa"
        case "ptflops-pytorch":
            return (hf if library == "hf" else "open_clip") + on_meta
        case "ptflops-aten":
            if library == "hf":
                return hf if eager else "hf-meta-sdpa" if meta else "hf-cpu-sdpa"
            return f"{library}-meta" if meta else f"{library}-cpu-torch2.2" if torch22 else f"{library}-cpu"
        case "calflops":
            if library == "hf":
                return ("hf4.38-eager" if old_hf else hf) + macs
            return "open_clip-macs" if macs else library
        case "deepspeed":
            if macs:
                return ("open_clip" if library == "open_clip" else "joined") + on_meta + macs
            return (hf if library == "hf" else library) + on_meta
        case "torchinfo":
            if library == "hf":
                return "hf"
            return "open_clip-3" if "open_clip_torch 3" in source else "open_clip"
    raise ValueError(f"{tool}: unknown")


def unit(row):
    if row["unit"].startswith("GFLOP"):
        return "gflop"
    # torchstat's column Flops holds multiply-accumulates.
    macs = row["unit"].startswith("mac") or row["unit"] == "mult_adds" or "torchstat" in row["tool"] and row["unit"] == "flops"
    return "mac" if macs else "flop"


def main():
    rows = {}
    for row in json.load(open(sys.argv[1])):
        if not row["closed_form"]:
            continue
        tool = TOOLS.get(row["tool"], row["tool"])
        grad = {True: "gradients", False: "no gradients"}.get(row.get("grad"))
        torch = row.get("torch") and "torch " + row["torch"]
        source = ", ".join(filter(None, [row["source"], torch, row.get("device"), grad]))
        rows.setdefault(tool, []).append(
            [row["model"], tool, setting(row, tool), TOWERS[row["tower"]], unit(row), row["value"], source]
        )
    for tool, lines in rows.items():
        with open(pathlib.Path(__file__).parent / f"{tool}.csv", "w", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["model", "tool", "setting", "tower", "unit", "value", "source"])
            writer.writerows(lines)


main()
