#!/usr/bin/env python3
"""CLIP inference on the CPU by open_clip or transformers, with random weights and nothing downloaded.

The configuration's dialect chooses the library. Every operator is a region and a line of the trace that
FLOPLEDGER_TRACE names; their paths are those of flopledger's terms.
"""
import argparse
import json
import re
import sys

import torch
from torch_trace import Trace, flop_counter

# Parameters of either library, and the place of the operator that takes them.
PARAMETERS = [
    (r"visual\.conv1\..*|vision_model\.embeddings\.patch_embedding\..*", "image/patch_embed"),
    (r"visual\.(class|positional)_embedding|vision_model\.embeddings\.(class|position)_embedding.*", "image/embed.position"),
    (r"visual\.ln_pre\..*|vision_model\.pre_layrnorm\..*", "image/ln_pre"),
    (r"visual\.ln_post\..*|vision_model\.post_layernorm\..*", "image/ln_post"),
    (r"visual\.proj|visual_projection\..*", "image/proj"),
    (r"(text_model\.embeddings\.|text\.)?token_embedding\..*", "text/embed.token"),
    (r"(text_model\.embeddings\.position_embedding\..*|(text\.)?positional_embedding)", "text/embed.position"),
    (r"(text\.)?ln_final\..*|text_model\.final_layer_norm\..*", "text/ln_post"),
    (r"(text\.)?text_projection.*", "text/proj"),
    (r".*\.(ln_1|layer_norm1)\..*", "{block}/ln_1"),
    (r".*\.(ln_2|layer_norm2)\..*", "{block}/ln_2"),
    (r".*\.attn\.in_proj_.*|.*\.self_attn\.[qkv]_proj\..*", "{block}/attn.qkv"),
    (r".*\.(self_)?attn\.out_proj\..*", "{block}/attn.out"),
    (r".*\.mlp\.(c_fc|fc1)\..*", "{block}/mlp.fc1"),
    (r".*\.mlp\.(c_proj|fc2)\..*", "{block}/mlp.fc2"),
]
# Operators without a parameter, by the module that runs them and how many of them came before.
ATTENTION = {"bmm": ["attn.qk", "attn.av"], "_softmax": ["attn.softmax"], "_safe_softmax": ["attn.softmax"], "add": ["attn.mask"]}
RESIDUALS = ["attn.residual", "mlp.residual"]


class Places:
    """Paths of flopledger's terms for the operators of one tower."""

    def __init__(self):
        self.tower = None

    def __call__(self, module, operator, parameter, before):
        block = re.search(r"(?:resblocks|layers)/(\d+)", module)
        block = f"{self.tower}/block.{block[1]}" if block else self.tower
        if operator == "_native_multi_head_attention" or operator.startswith("_scaled_dot_product"):
            return f"{block}/attn"
        for pattern, path in PARAMETERS:
            if parameter and re.fullmatch(pattern, parameter):
                return path.format(block=block)
        if block == self.tower:
            ends = operator in ("linalg_vector_norm", "clamp_min", "div")
            return f"{block}/normalize" if ends else f"{block}/other"
        if re.search(r"/(self_)?attn$", module):
            names = ATTENTION.get(operator, [])
            scale = "attn.scale" if operator == "mul" else "attn.other"
            return f"{block}/{names[before] if before < len(names) else scale}"
        if re.search(r"/mlp(/|$)", module):
            return f"{block}/mlp.act"
        return f"{block}/{RESIDUALS[before] if operator == 'add' and before < 2 else 'other'}"


def open_clip_model(config):
    import open_clip.model as library

    keys = {key: config[key] for key in ("embed_dim", "vision_cfg", "text_cfg", "quick_gelu") if key in config}
    if config.get("text_cfg", {}).get("hf_model_name"):
        raise SystemExit("clip_torch.py: the text tower names a model of HuggingFace's, which would be downloaded")
    model = (library.CustomTextCLIP if config.get("custom_text") else library.CLIP)(**keys)
    vision = library.CLIPVisionCfg(**config["vision_cfg"])
    text = library.CLIPTextCfg(**config["text_cfg"])
    encode = (
        lambda pixels: model.encode_image(pixels, normalize=True),
        lambda ids: model.encode_text(ids, normalize=True),
    )
    return model, vision.image_size, text.context_length, text.vocab_size, encode


def transformers_model(config, attention):
    import transformers

    configuration = transformers.CLIPConfig.from_dict(config)
    configuration._attn_implementation = attention
    model = transformers.CLIPModel(configuration)
    vision, text = configuration.vision_config, configuration.text_config
    features = lambda output: getattr(output, "pooler_output", output)
    normalized = lambda x: x / x.norm(p=2, dim=-1, keepdim=True)
    encode = (
        lambda pixels: normalized(features(model.get_image_features(pixel_values=pixels))),
        lambda ids: normalized(features(model.get_text_features(input_ids=ids))),
    )
    return model, vision.image_size, text.max_position_embeddings, text.vocab_size, encode


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("config", help="a configuration in open_clip's or HuggingFace's dialect")
    parser.add_argument("--towers", choices=["both", "image", "text"], default="both")
    parser.add_argument("--attention", choices=["sdpa", "eager", "fastpath"], default="sdpa",
                        help="fastpath: torch's fused layer of attention, as open_clip runs it when nobody asks")
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--flop-counter", action="store_true", help="let torch's FlopCounterMode count the same run")
    parser.add_argument("--fvcore", action="store_true", help="let fvcore count the same model")
    parser.add_argument("--model", help="the model's name in the trace")
    return parser.parse_args()


def load(path):
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except OSError as error:
        raise SystemExit(f"clip_torch.py: {path}: {error.strerror}")
    except ValueError as error:
        raise SystemExit(f"clip_torch.py: {path}: no JSON: {error}")


def build(config, attention):
    if "vision_cfg" in config:
        torch.backends.mha.set_fastpath_enabled(attention == "fastpath")
        return open_clip_model(config)
    if config.get("model_type") == "clip" and "vision_config" in config:
        if attention == "fastpath":
            raise SystemExit("clip_torch.py: transformers has no fast path: choose --attention sdpa or eager")
        return transformers_model(config, attention)
    raise SystemExit("clip_torch.py: this is no configuration of a CLIP that open_clip or transformers builds")


def inputs(batch, size, context, vocabulary):
    """A random image, and a text that ends in the last token."""
    sides = (size, size) if isinstance(size, int) else tuple(size)
    ids = torch.arange(context).remainder(vocabulary).repeat(batch, 1)
    ids[:, -1] = vocabulary - 1
    return torch.rand(batch, 3, *sides), ids


def fvcore(model, runs, given):
    """fvcore's MACs by operator; it traces the model once more."""
    from fvcore.nn import FlopCountAnalysis

    class Towers(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, *given):
            return tuple(run(x) for run, x in zip(runs, given))

    count = FlopCountAnalysis(Towers(), given).unsupported_ops_warnings(False).uncalled_modules_warnings(False)
    return {name: int(macs) for name, macs in count.by_operator().items()}


def main():
    args = arguments()
    torch.set_num_threads(args.threads)
    config = load(args.config)
    places = Places()
    # Weights and activations are of torch's default precision, which nothing here changes.
    element_bytes = torch.get_default_dtype().itemsize
    header = {"workload": "torch", "model": args.model or args.config, "batch": args.batch, "threads": args.threads,
              "attention": args.attention, "element_bytes": element_bytes}
    trace = Trace(header, places)
    with trace.markers.region("weights"), torch.no_grad():
        torch.manual_seed(0)
        model, size, context, vocabulary, (image, text) = build(config, args.attention)
        model.eval()
        trace.modules.name(model, "")
    with trace.markers.region("preprocess"):
        pixels, ids = inputs(args.batch, size, context, vocabulary)
    backend = torch.nn.attention.SDPBackend
    kernels = [backend.MATH] if args.attention == "eager" else [backend.FLASH_ATTENTION, backend.MATH]
    towers = [("image", image, pixels), ("text", text, ids)]
    towers = [tower for tower in towers if args.towers in ("both", tower[0])]
    with torch.no_grad(), torch.nn.attention.sdpa_kernel(kernels):
        with flop_counter(trace, args.flop_counter), trace:
            for places.tower, run, given in towers:
                run(given)
        if args.fvcore:
            with trace.markers.region("fvcore"):
                _, runs, given = zip(*towers)
                trace.counted_by("fvcore", "mac", fvcore(model, runs, given))
    trace.close()


if __name__ == "__main__":
    sys.exit(main())
