"""The tools: each a function from a module and its inputs to what the tool prints, by column."""

import contextlib
import io
import os
import sys

import torch


def flop_counter(module, inputs):
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        module(*inputs)
    return {"flop": counter.get_total_flops()}


def fvcore(module, inputs):
    from fvcore.nn import FlopCountAnalysis

    analysis = FlopCountAnalysis(module, inputs)
    return {"mac": quiet(analysis).total()}


def mmengine(module, inputs):
    from mmengine.analysis import FlopAnalyzer

    return {"mac": quiet(FlopAnalyzer(module, inputs)).total()}


def quiet(analysis):
    return analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False)


def thop(module, inputs):
    """Both thop and ultralytics-thop, whichever is installed under that name."""
    from thop import profile

    return {"mac": profile(module, inputs=inputs, verbose=False)[0]}


def ptflops(backend):
    def count(module, inputs):
        from ptflops import get_model_complexity_info

        class Named(torch.nn.Module):
            """ptflops passes inputs by name."""

            def __init__(self):
                super().__init__()
                self.module = module

            def forward(self, **named):
                return self.module(*[named[key] for key in sorted(named)])

        named = {f"input{place}": value for place, value in enumerate(inputs)}
        settings = {"as_strings": False, "print_per_layer_stat": False, "verbose": False, "backend": backend}
        return {"mac": get_model_complexity_info(Named(), (1,), input_constructor=lambda _: named, **settings)[0]}

    return count


def calflops(module, inputs):
    from calflops import calculate_flops

    flops, macs, _ = calculate_flops(module, args=list(inputs), print_results=False, output_as_string=False)
    return {"flop": flops, "mac": macs}


def deepspeed(profiles):
    """The totals of the last of so many profiles in one process."""

    def count(module, inputs):
        from deepspeed.profiling.flops_profiler import FlopsProfiler

        for _ in range(profiles):
            profiler = FlopsProfiler(module)
            profiler.start_profile()
            module(*inputs)
            totals = {"flop": profiler.get_total_flops(), "mac": profiler.get_total_macs()}
            profiler.end_profile()
        return totals

    return count


def torchinfo(module, inputs):
    from torchinfo import summary

    return {"mac": summary(module, input_data=list(inputs), verbose=0).total_mult_adds}


def torchprofile(module, inputs):
    from torchprofile import profile_macs

    return {"mac": profile_macs(module, inputs)}


def flopth(module, inputs):
    from flopth import flopth

    return {"mac": flopth(module, inputs=inputs, bare_number=True)[0]}


def pytorch_model_summary(module, inputs):
    """ceykmc's, which is in no registry: PYTORCH_MODEL_SUMMARY names a checkout. Its assertion that a
    linear layer's input has two dimensions is removed, and numpy's old name for a long integer put back."""
    import numpy

    numpy.long = numpy.int64
    sys.path.insert(0, os.environ["PYTORCH_MODEL_SUMMARY"])
    import model_hook
    import module_madd

    stock = module_madd.compute_Linear_madd

    def linear(layer, given, result):
        rows = result.numel() // result.shape[-1]
        two = lambda tensor: tensor.reshape(-1, tensor.shape[-1])[:1]
        return rows * stock(layer, two(given), two(result))

    module_madd.compute_Linear_madd = linear
    hook = model_hook.CModelHook(module, tuple(inputs[0].shape[1:]))
    return {"flop": sum(int(leaf.MAdd) for leaf in hook.retrieve_leaf_modules().values())}


def onnx_tool(module, inputs):
    import onnx_tool

    path = f"/tmp/flopledger-{os.getpid()}.onnx"
    try:
        torch.onnx.export(module, inputs, path, dynamo=False, opset_version=17)
        model = onnx_tool.Model(path)
        model.graph.shape_infer()
        model.graph.profile()
        return {"mac": model.graph.macs[0]}
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.remove(path)


def trainer(module, inputs):
    """What HuggingFace's Trainer adds to total_flos for one batch: a method of the Trainer itself, which asks
    nothing of it but the model."""
    import types

    from transformers import Trainer

    model = module if hasattr(module, "num_parameters") else module.model
    names = ("pixel_values", "input_ids") if len(inputs) == 2 else (model.main_input_name,)
    return {"flop": Trainer.floating_point_ops(types.SimpleNamespace(model=model), dict(zip(names, inputs)))}


TOOLS = {
    "flop-counter": flop_counter,
    "fvcore": fvcore,
    "mmengine": mmengine,
    "thop": thop,
    "ultralytics-thop": thop,
    "ptflops-pytorch": ptflops("pytorch"),
    "ptflops-aten": ptflops("aten"),
    "calflops": calflops,
    "deepspeed": deepspeed(1),
    "deepspeed second": deepspeed(2),
    "deepspeed third": deepspeed(3),
    "torchinfo": torchinfo,
    "torchprofile": torchprofile,
    "flopth": flopth,
    "pytorch-model-summary": pytorch_model_summary,
    "onnx-tool": onnx_tool,
    "hf-trainer": trainer,
}


def counted(tool, module, inputs, gradients):
    """The tool's figures, with what it prints on the way thrown away."""
    silent = io.StringIO()
    with contextlib.redirect_stdout(silent), contextlib.redirect_stderr(silent), torch.set_grad_enabled(gradients):
        return {column: int(value) for column, value in TOOLS[tool](module, inputs).items()}
