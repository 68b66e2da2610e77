#!/usr/bin/env python3
"""Runs a PyTorch script and tells flopledger which operators it runs.

usage: torch_trace.py [--flop-counter] SCRIPT [ARGS..]

Each operator becomes a line of the trace that FLOPLEDGER_TRACE names, and a region of the execution,
under the path of the module that ran it. With --flop-counter torch's FlopCounterMode counts the same
run, and `flopledger reconcile` tells which operators it does not see.

    FLOPLEDGER_TRACE=trace.jsonl torch_trace.py train.py --epochs 1; flopledger operators trace.jsonl
    flopledger run -- python torch_trace.py infer.py
    flopledger reconcile CONFIG.json -- python torch_trace.py infer.py
"""
import contextlib
import ctypes
import json
import mmap
import os
import runpy
import sys

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

SCHEMA = "flopledger.trace/1"
VARIABLE = "FLOPLEDGER_TRACE"


class Markers:
    """The two region markers: an 8-byte NOP each and a return, called with a name and its length."""

    CODE = {"begin": b"\x0f\x1f\x84\x00FLGB\xc3", "end": b"\x0f\x1f\x84\x00FLGE\xc3"}

    def __init__(self):
        self.page = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE)
        address = ctypes.addressof(ctypes.c_char.from_buffer(self.page))
        for name, code in self.CODE.items():
            place = self.page.tell()
            self.page.write(code)
            prototype = ctypes.PYFUNCTYPE(None, ctypes.c_char_p, ctypes.c_size_t)
            setattr(self, name, prototype(address + place))
        protect = ctypes.CDLL(None, use_errno=True).mprotect
        if protect(ctypes.c_void_p(address), mmap.PAGESIZE, mmap.PROT_READ | mmap.PROT_EXEC):
            raise OSError(ctypes.get_errno(), "this system lets no program execute memory that it wrote")

    @contextlib.contextmanager
    def region(self, name):
        name = name.encode()[:256]
        self.begin(name, len(name))
        try:
            yield
        finally:
            self.end(name, len(name))


class Modules:
    """Which module is running, by global hooks; modules are named from the outermost that runs."""

    def __init__(self):
        self.names = {}
        self.parameters = {}
        self.running = []
        self.hooks = [
            torch.nn.modules.module.register_module_forward_pre_hook(self.enter),
            torch.nn.modules.module.register_module_forward_hook(self.leave, always_call=True),
        ]

    def name(self, module, name=None):
        """Names a module and all in it: by its class, if nobody names it otherwise."""
        prefix = type(module).__name__ if name is None else name
        for inner, child in module.named_modules():
            self.names[child] = "/".join(part for part in [prefix, *inner.split(".")] if part)
        for inner, parameter in module.named_parameters():
            self.parameters[parameter.untyped_storage().data_ptr()] = inner

    def enter(self, module, _):
        if module not in self.names:
            self.name(module)
        self.running.append((self.names[module], {}))

    def leave(self, *_):
        self.running.pop()

    def parameter(self, tensors):
        """The parameter among an operator's operands, its weight before its bias."""
        known = (tensor for tensor in tensors if tensor.layout == torch.strided and tensor.device.type == "cpu")
        names = [self.parameters.get(tensor.untyped_storage().data_ptr()) for tensor in known]
        names = sorted((name for name in names if name), key=lambda name: name.endswith("bias"))
        return names[0] if names else None


class Trace(TorchDispatchMode):
    """Writes a line an operator and marks its region.

    `place(module, operator, parameter, before)` names the region: from the running module's path, the
    operator's name, the parameter it takes, and how many operators of that name its module ran before.
    """

    def __init__(self, header, place=None):
        super().__init__()
        self.place = place or (lambda module, *_: module or "script")
        self.modules = Modules()
        self.markers = Markers()
        path = os.environ.get(VARIABLE)
        self.file = open(path, "w", encoding="utf-8") if path else None
        self.line({"schema": SCHEMA, "torch": torch.__version__, **header})

    def line(self, values):
        if self.file:
            self.file.write(json.dumps(values) + "\n")

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if function.is_view:
            return function(*args, **kwargs)
        operator = function._schema.name.removeprefix("aten::").rstrip("_")
        operands = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, torch.Tensor)]
        shapes = [list(tensor.shape) for tensor in operands]
        module, seen = self.modules.running[-1] if self.modules.running else ("", {})
        before = seen.get(operator, 0)
        seen[operator] = before + 1
        path = self.place(module, operator, self.modules.parameter(operands), before)
        with self.markers.region(path):
            result = function(*args, **kwargs)
        if self.file:
            results = [leaf for leaf in tree_leaves(result) if isinstance(leaf, torch.Tensor)]
            self.operator(function, operator, path, shapes, args, operands, results)
        return result

    def operator(self, function, operator, path, shapes, args, operands, results):
        # Masks and indices are no floating-point numbers, so the results tell, too.
        dtypes = [tensor.dtype for tensor in operands + results]
        attributes = {
            "integer": bool(dtypes) and not any(d.is_floating_point or d.is_complex for d in dtypes),
            "complex": any(d.is_complex for d in dtypes),
        }
        given = {argument.name: value for argument, value in zip(function._schema.arguments, args)}
        for name in ("transposed", "output_mask"):
            if name in given:
                attributes[name] = given[name]
        self.line(
            {
                "name": operator,
                "path": path,
                "shapes": shapes,
                "results": [list(tensor.shape) for tensor in results],
                "dtypes": [str(tensor.dtype).removeprefix("torch.") for tensor in operands],
                "attributes": {name: value for name, value in attributes.items() if value},
            }
        )

    def counted_by(self, tool, flops):
        """What another tool counted of all that, by operator."""
        self.line({"counted_by": tool, "flops": flops})

    def close(self):
        if self.file:
            self.file.close()


@contextlib.contextmanager
def flop_counter(trace, asked=True):
    """Lets torch's own FlopCounterMode count the same run."""
    if not asked:
        yield
        return
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        yield
    total = counter.get_flop_counts().get("Global", {})
    trace.counted_by("FlopCounterMode", {str(name).removeprefix("aten."): count for name, count in total.items()})


def main():
    asked = sys.argv[1:2] == ["--flop-counter"]
    if asked:
        del sys.argv[1]
    if len(sys.argv) < 2 or sys.argv[1] in ("-h", "--help"):
        print(__doc__, file=sys.stderr)
        return 2
    script = sys.argv[1]
    if not os.path.isfile(script):
        print(f"torch_trace.py: {script}: there is no such script", file=sys.stderr)
        return 2
    sys.argv = sys.argv[1:]
    sys.path[0] = os.path.dirname(os.path.abspath(script))
    trace = Trace({"workload": "torch", "script": os.path.basename(script)})
    try:
        with flop_counter(trace, asked), trace:
            runpy.run_path(script, run_name="__main__")
    finally:
        trace.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
