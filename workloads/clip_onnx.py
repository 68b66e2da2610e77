#!/usr/bin/env python3
"""CLIP inference by ONNX Runtime on the CPU: a model exported from a configuration with random weights.

    clip_onnx.py CONFIG --export model.onnx --no-run; flopledger operators model.onnx
    flopledger run -- python clip_onnx.py CONFIG

What the runtime does is the region `inference`; ONNX Runtime tells nobody which operator it runs.
"""
import argparse
import os
import sys
import tempfile

import torch
from clip_torch import build, inputs, load
from torch_trace import Markers

OUTPUTS = {"image": "image_embedding", "text": "text_embedding"}


class Towers(torch.nn.Module):
    """One forward pass of the towers asked for."""

    def __init__(self, model, encode):
        super().__init__()
        self.model = model
        self.encode = encode

    def forward(self, *given):
        return tuple(encode(x) for encode, x in zip(self.encode, given))


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("config", help="a configuration in open_clip's or HuggingFace's dialect")
    parser.add_argument("--towers", choices=["both", "image", "text"], default="both")
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--export", metavar="FILE", help="keep the model")
    parser.add_argument("--no-weights", action="store_true", help="export weights as inputs: their shapes alone")
    parser.add_argument("--no-run", action="store_true", help="export only")
    return parser.parse_args()


def export(args, path):
    torch.manual_seed(0)
    with torch.no_grad():
        # Exporters know the plain products, not the fused operators.
        model, size, context, vocabulary, encode = build(load(args.config), "eager")
        towers = [tower for tower in ("image", "text") if args.towers in ("both", tower)]
        given = dict(zip(("image", "text"), inputs(args.batch, size, context, vocabulary)))
        encode = [run for tower, run in zip(("image", "text"), encode) if tower in towers]
        # The exporter that needs no further package; fewer than 2 GiB fit into one file.
        torch.onnx.export(
            Towers(model.eval(), encode),
            tuple(given[tower] for tower in towers),
            path,
            dynamo=False,
            export_params=not args.no_weights,
            input_names=towers if not args.no_weights else None,
            output_names=[OUTPUTS[tower] for tower in towers],
        )
    return {tower: given[tower].numpy() for tower in towers}


def main():
    args = arguments()
    if args.no_weights and not args.no_run:
        raise SystemExit("clip_onnx.py: a model without weights cannot run: add --no-run")
    markers = Markers()
    with tempfile.TemporaryDirectory() as folder:
        path = args.export or os.path.join(folder, "model.onnx")
        with markers.region("export"):
            given = export(args, path)
        if args.no_run:
            return 0
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = args.threads
        with markers.region("load"):
            session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        with markers.region("inference"):
            outputs = session.run(None, given)
        for output, value in zip(session.get_outputs(), outputs):
            print(output.name, *value.shape)
    return 0


if __name__ == "__main__":
    sys.exit(main())
