#!/usr/bin/env python3
"""Writes open_clip.csv, huggingface.csv and eva_clip.csv beside this file: what the models' own code does.

Each configuration is built with open_clip, timm and transformers on torch's device "meta", which
computes shapes alone, and run under torch's FlopCounterMode. Attention runs as matrix products
(eager, or PyTorch's "math" kernel), so that nothing is hidden in a fused operator. One image, one
text of full length. FLOPs are 2 x multiply-accumulates, split into convolution, linear (addmm, mm)
and bmm (bmm, baddbmm).
Usage: generate.py [REFERENCE]: the folder with expected_open_clip.csv and expected_hf.csv, with
which every figure must then agree.
"""

import csv
import functools
import json
import logging
import pathlib
import shutil
import sys

import open_clip
import torch
import transformers
from timm.layers import RmsNorm
from timm.models.eva import Eva
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode
from transformers.models.siglip2.modeling_siglip2 import Siglip2VisionEmbeddings

HERE = pathlib.Path(__file__).parent
CLASSES = {"convolution": "convolution", "addmm": "linear", "mm": "linear", "bmm": "bmm", "baddbmm": "bmm"}
PARTS = ["image", "text", "decoder"]
COLUMNS = ["model", "architecture", "image_size", "context_length", "params", *[f"{part}_params" for part in PARTS]]
COLUMNS += [f"{part}_{kind}" for part in PARTS for kind in dict.fromkeys(CLASSES.values())]
COLUMNS += [*[f"{part}_flops" for part in PARTS], "total_flops"]

# Text towers that open_clip's files only name, from their public configurations: there is no hub
# here. What a line leaves out is the class's default.
HUB = {
    "roberta-base": ("RobertaConfig", {"vocab_size": 50265, "max_position_embeddings": 514, "type_vocab_size": 1}),
    "xlm-roberta-base": (
        "XLMRobertaConfig",
        {"vocab_size": 250002, "max_position_embeddings": 514, "type_vocab_size": 1},
    ),
    "xlm-roberta-large": (
        "XLMRobertaConfig",
        {"vocab_size": 250002, "max_position_embeddings": 514, "type_vocab_size": 1}
        | {"hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16, "intermediate_size": 4096},
    ),
    "google/mt5-base": (
        "MT5Config",
        {"vocab_size": 250112, "d_model": 768, "d_kv": 64, "d_ff": 2048, "num_layers": 12, "num_heads": 12},
    ),
    "google/mt5-xl": (
        "MT5Config",
        {"vocab_size": 250112, "d_model": 2048, "d_kv": 64, "d_ff": 5120, "num_layers": 24, "num_heads": 32},
    ),
    "facebook/nllb-200-distilled-600M": (
        "M2M100Config",
        {"vocab_size": 256206, "d_model": 1024, "encoder_layers": 12, "encoder_ffn_dim": 4096},
    ),
    "facebook/nllb-200-distilled-1.3B": (
        "M2M100Config",
        {"vocab_size": 256206, "d_model": 1024, "encoder_layers": 24, "encoder_ffn_dim": 8192},
    ),
}

# The class that a HuggingFace file without a class of transformers under "architectures" is run as.
BASE = {
    f"{model_type}{suffix}": f"{name}{kind}"
    for model_type, name in {
        "clip": "CLIP",
        "siglip": "Siglip",
        "siglip2": "Siglip2",
        "chinese_clip": "ChineseCLIP",
        "altclip": "AltCLIP",
        "clipseg": "CLIPSeg",
        "metaclip_2": "MetaClip2",
        "owlvit": "OwlViT",
        "owlv2": "Owlv2",
        "align": "Align",
        "groupvit": "GroupViT",
    }.items()
    for suffix, kind in {"": "Model", "_text_model": "TextModel", "_vision_model": "VisionModel"}.items()
}

# Tokens of a full-length text where it is not max_position_embeddings, with what says so.
CONTEXT = {
    "chinese_clip": 52,  # Chinese-CLIP's tokenizer
    "altclip": 77,  # FlagAI's AltCLIPProcess
    "align": 64,  # transformers' AlignProcessor
}

# EVA-CLIP's files whose image tower has a name in timm, by the model of open_clip that uses it.
EVA_IN_OPEN_CLIP = {
    "EVA_CLIP_g_14": "EVA01-g-14",
    "EVA01-CLIP-g-14": "EVA01-g-14",
    "EVA02-CLIP-B-16": "EVA02-B-16",
    "EVA02-CLIP-L-14": "EVA02-L-14",
    "EVA02-CLIP-L-14-336": "EVA02-L-14-336",
    "EVA02-CLIP-bigE-14": "EVA02-E-14",
    "EVA02-CLIP-bigE-14-plus": "EVA02-E-14-plus",
}


def parameters(*modules):
    distinct = {id(p): p.numel() for module in modules if module is not None for p in module.parameters()}
    return sum(distinct.values())


def count(run, module="Global"):
    """FLOPs of `run` by class of operator, within one module or in all."""
    with torch.no_grad(), sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        run()
    flops = dict.fromkeys(CLASSES.values(), 0)
    for operator, amount in counter.get_flop_counts().get(module, {}).items():
        flops[CLASSES[str(operator).removeprefix("aten.")]] += amount
    return flops


def row(model, architecture, image_size, context, params, flops):
    line = {"model": model, "architecture": architecture, "image_size": image_size, "context_length": context}
    line |= {"params" if part == "all" else f"{part}_params": amount for part, amount in params.items()}
    for part, kinds in flops.items():
        line |= {f"{part}_{kind}": amount for kind, amount in kinds.items()}
        line[f"{part}_flops"] = sum(kinds.values())
    return line | {"total_flops": sum(line[f"{part}_flops"] for part in flops)}


def ids(length):
    return torch.full((1, length), 5, dtype=torch.long, device="meta")


def from_hub(name, *_arguments, **_options):
    kind, dimensions = HUB[name]
    return getattr(transformers, kind)(**dimensions, attn_implementation="eager")


def open_clip_model(file):
    config = json.loads(file.read_text())
    with torch.device("meta"):
        model = open_clip.create_model(file.stem, device="meta", pretrained_hf=False).eval().requires_grad_(False)
    height, width = model.visual.image_size if isinstance(model.visual.image_size, tuple) else [model.visual.image_size] * 2
    # What open_clip's tokenizer makes, whatever the positions a text tower from the hub allows; a
    # CoCa's decoder takes as many tokens as its text tower.
    context = config.get("multimodal_cfg", config["text_cfg"]).get("context_length", 77)
    image, text = torch.empty(1, 3, height, width, device="meta"), ids(context)
    decoder = getattr(model, "text_decoder", None)
    outside = parameters(decoder) + sum(p.numel() for p in [model.logit_scale, model.logit_bias] if p is not None)
    params = {"all": parameters(model), "image": parameters(model.visual)}
    params["text"] = params["all"] - params["image"] - outside
    flops = {"image": count(lambda: model.encode_image(image)), "text": count(lambda: model.encode_text(text))}
    if decoder:
        params["decoder"] = parameters(decoder)
        flops["decoder"] = count(lambda: model(image, text, output_labels=False), "CoCa.text_decoder")
    return row(file.stem, type(model).__name__, f"{height}x{width}", context, params, flops)


def pixels(vision):
    if isinstance(vision, transformers.Siglip2VisionConfig):
        side = int(vision.num_patches**0.5)
        patch = vision.num_channels * vision.patch_size**2
        shapes = torch.tensor([[side, side]])
        mask = torch.ones(1, vision.num_patches, dtype=torch.long, device="meta")
        values = torch.empty(1, vision.num_patches, patch, device="meta")
        return f"{vision.num_patches} patches", {"pixel_values": values, "pixel_attention_mask": mask, "spatial_shapes": shapes}
    size = vision.image_size
    height, width = [size, size] if isinstance(size, int) else size
    return f"{height}x{width}", {"pixel_values": torch.empty(1, vision.num_channels, height, width, device="meta")}


def huggingface_model(file):
    config = json.loads(file.read_text())
    architecture = next((a for a in config.get("architectures") or [] if hasattr(transformers, a)), BASE[config["model_type"]])
    if config.get("architectures") == ["StableDiffusionSafetyChecker"]:
        # diffusers': the image tower and a projection to the pair's width.
        vision = config.get("vision_config_dict") or config["vision_config"]
        config = vision | {"model_type": "clip_vision_model", "projection_dim": config["projection_dim"]}
        architecture = "CLIPVisionModelWithProjection"
    kind = getattr(transformers, architecture)
    config = kind.config_class.from_dict(config, attn_implementation="eager")
    with torch.device("meta"):
        model = kind(config).eval().requires_grad_(False)
    image_size = context = None
    params, flops = {"all": parameters(model)}, {}
    # A class with heads on top keeps the pair of towers under its base class's name.
    pair = getattr(model, "clip", None) or getattr(model, model.base_model_prefix, None) or model
    vision, text = getattr(config, "vision_config", config), getattr(config, "text_config", config)
    both = vision is not text
    if both or "Vision" in architecture:
        image_size, image = pixels(vision)
        run = pair.get_image_features if both else model
        flops["image"] = count(lambda: run(**image))
        params["image"] = parameters(pair.vision_model, getattr(pair, "visual_projection", None)) if both else params["all"]
    if both or "Text" in architecture:
        context = CONTEXT.get(config.model_type.removesuffix("_text_model"), text.max_position_embeddings)
        run = pair.get_text_features if both else model
        flops["text"] = count(lambda: run(ids(context), attention_mask=torch.ones_like(ids(context))))
        params["text"] = parameters(pair.text_model, getattr(pair, "text_projection", None)) if both else params["all"]
    if pair is not model and both:
        # The layer norm before OWL's heads has parameters, and no matrix product.
        heads = [name for name, module in model.named_children() if module is not pair and parameters(module)]
        params["decoder"] = sum(parameters(getattr(model, name)) for name in heads)
        counts = [count(lambda: model(input_ids=ids(context), **image), f"{architecture}.{name}") for name in heads]
        flops["decoder"] = {kind: sum(flops[kind] for flops in counts) for kind in counts[0]}
    return row(file.stem, architecture, image_size, context, params, flops)


def eva_clip_model(file):
    """EVA-CLIP's towers as timm's Eva and open_clip's text transformer, to which they were ported."""
    config = json.loads(file.read_text())
    vision, text = config["vision_cfg"], config.get("text_cfg")
    biased, sub_norms = vision.get("qkv_bias", True), vision.get("subln", False)
    size, width = vision["image_size"], vision["width"]
    with torch.device("meta"):
        tower = Eva(
            img_size=size,
            patch_size=vision["patch_size"],
            embed_dim=width,
            depth=vision["layers"],
            num_heads=width // vision["head_width"],
            mlp_ratio=vision["mlp_ratio"],
            init_values=vision.get("ls_init_value"),
            qkv_bias=biased,
            qkv_fused=not sub_norms,
            scale_mlp=sub_norms,
            scale_attn_inner=sub_norms,
            swiglu_mlp=vision.get("naiveswiglu", False),
            use_rot_pos_emb=vision.get("rope", False),
            use_post_norm=vision.get("postnorm", False),
            global_pool="avg" if vision.get("global_average_pool") else "token",
            **{"norm_layer": RmsNorm} if vision.get("use_rms_norm") else {},
        )
        tower.head = torch.nn.Linear(width, config["embed_dim"], bias=biased)
    tower = tower.eval().requires_grad_(False)
    # 1: the logit scale, where there are two towers to compare
    params = {"all": int(bool(text)) + parameters(tower), "image": parameters(tower)}
    flops, context = {"image": count(lambda: tower(torch.empty(1, 3, size, size, device="meta")))}, None
    if text:
        context = text["context_length"]
        known = {key: text[key] for key in ["context_length", "vocab_size", "width", "heads", "layers"]}
        with torch.device("meta"):
            text = open_clip.model._build_text_tower(config["embed_dim"], known).eval().requires_grad_(False)
        params["text"] = parameters(text)
        params["all"] += params["text"]
        flops["text"] = count(lambda: text(ids(context)))
    return row(file.stem, "EVA_CLIP", f"{size}x{size}", context, params, flops)


def write(name, rows):
    with open(HERE / name, "w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def operators(text):
    """The reference's counts by operator as ours by class."""
    flops = dict.fromkeys(CLASSES.values(), 0)
    for operator, amount in json.loads(text or "{}").items():
        flops[CLASSES[operator]] += amount
    return flops


def compare(rows, expected, name):
    """Every figure of the reference against ours; what only the reference has is named."""
    ours, equal = {line["model"]: line for line in rows}, 0
    for line in csv.DictReader(open(expected)):
        mine = ours.get(name(line))
        if mine is None:
            print(f"{name(line)}: in {expected.name} alone")
            continue
        theirs = {key: int(line[key]) for key in COLUMNS if line.get(key) and key.endswith(("params", "flops"))}
        for part in ["image", "text"]:
            theirs |= {f"{part}_{kind}": amount for kind, amount in operators(line[f"{part}_ops"]).items() if line[f"{part}_ops"]}
        wrong = {key: (amount, mine.get(key)) for key, amount in theirs.items() if mine.get(key) != amount}
        if wrong:
            sys.exit(f"{name(line)}: reference, ours: {wrong}")
        equal += 1
    print(f"{equal} models of {expected.name} agree in every figure")


def main():
    logging.disable()
    torch.backends.mha.set_fastpath_enabled(False)
    transformers.AutoConfig.from_pretrained = from_hub
    # Meta tensors have no values to test: masks are kept as if they mattered.
    transformers.masking_utils.is_tracing = lambda *_: True
    # This release resizes SigLIP 2's positions by a matrix product of the library, not of the model.
    Siglip2VisionEmbeddings.resize_positional_embeddings = staticmethod(
        lambda positions, shapes, max_length: positions.new_empty(len(shapes), max_length, positions.shape[-1])
    )

    folder = HERE / "open_clip"
    folder.mkdir(exist_ok=True)
    for file in (pathlib.Path(open_clip.__file__).parent / "model_configs").glob("*.json"):
        shutil.copyfile(file, folder / file.name)
    models = [open_clip_model(file) for file in sorted(folder.glob("*.json"))]
    write("open_clip.csv", models)
    pairs = [huggingface_model(file) for file in sorted((HERE / "huggingface").glob("*.json"))]
    write("huggingface.csv", pairs)
    evas = [eva_clip_model(file) for file in sorted((HERE / "eva_clip").glob("*.json"))]
    write("eva_clip.csv", evas)
    for eva in evas:
        twin = next((line for line in models if line["model"] == EVA_IN_OPEN_CLIP.get(eva["model"])), None)
        if twin and any(twin[key] != eva[key] for key in eva if key not in ["model", "architecture"]):
            sys.exit(f"{eva['model']} is not {twin['model']}: {eva}, {twin}")
    if len(sys.argv) > 1:
        reference = pathlib.Path(sys.argv[1])
        compare(models, reference / "expected_open_clip.csv", lambda line: line["model"])
        compare(pairs, reference / "expected_hf.csv", reference_name)


@functools.cache
def reference_files():
    return {file.read_bytes(): file.stem for file in (HERE / "huggingface").glob("*.json")}


def reference_name(line):
    """Ours of the reference's file, by content."""
    return reference_files().get((pathlib.Path(sys.argv[1]) / f"{line['file']}").read_bytes())


if __name__ == "__main__":
    main()
