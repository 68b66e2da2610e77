#!/usr/bin/env python3
"""CLIP in numpy, in double precision, written from the models' papers and not from the workload:
what its embeddings are compared with.

usage: reference.py CONFIG WEIGHTS [--tokens N,N,...] [--seed N]

CONFIG is a configuration in open_clip's dialect, WEIGHTS a safetensors file with open_clip's
names. Prints {"image": [...], "text": [...]} for the synthetic image and the tokens.
"""
import argparse
import json
import math
import struct
import sys

try:
    import numpy as np
except ImportError:
    print("numpy is not installed", file=sys.stderr)
    sys.exit(77)


def read_safetensors(path):
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = file.read()
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        start, end = entry["data_offsets"]
        assert entry["dtype"] == "F32", entry
        tensors[name] = np.frombuffer(data[start:end], "<f4").reshape(entry["shape"]).astype(np.float64)
    return tensors


def layer_norm(x, weights, name):
    centred = x - x.mean(-1, keepdims=True)
    variance = (centred**2).mean(-1, keepdims=True)
    return centred / np.sqrt(variance + 1e-5) * weights[name + ".weight"] + weights[name + ".bias"]


def activation(tower, config):
    if config.get("quick_gelu"):
        return lambda x: x / (1 + np.exp(-1.702 * x))
    if tower.get("act_kwargs", {}).get("approximate") == "tanh":
        return lambda x: 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    return lambda x: 0.5 * x * (1 + np.vectorize(math.erf)(x / math.sqrt(2)))


def attention(x, weights, name, heads, causal):
    tokens, width = x.shape
    qkv = x @ weights[name + ".in_proj_weight"].T + weights.get(name + ".in_proj_bias", 0)
    q, k, v = (part.reshape(tokens, heads, -1).transpose(1, 0, 2) for part in np.split(qkv, 3, -1))
    scores = q @ k.transpose(0, 2, 1) / math.sqrt(width // heads)
    if causal:
        scores = np.where(np.tri(tokens, dtype=bool), scores, -np.inf)
    scores = np.exp(scores - scores.max(-1, keepdims=True))
    scores /= scores.sum(-1, keepdims=True)
    mixed = (scores @ v).transpose(1, 0, 2).reshape(tokens, width)
    return mixed @ weights[name + ".out_proj.weight"].T + weights[name + ".out_proj.bias"]


def blocks(x, weights, prefix, tower, heads, act, causal):
    for layer in range(tower["layers"]):
        name = f"{prefix}.{layer}"

        def mlp(x):
            hidden = act(x @ weights[name + ".mlp.c_fc.weight"].T + weights[name + ".mlp.c_fc.bias"])
            return hidden @ weights[name + ".mlp.c_proj.weight"].T + weights[name + ".mlp.c_proj.bias"]

        def attend(x):
            return attention(x, weights, name + ".attn", heads, causal)

        for number, branch in ((1, attend), (2, mlp)):
            norm = f"{name}.ln_{number}"
            if tower.get("postnorm"):
                y = layer_norm(branch(x), weights, norm)
            else:
                y = branch(layer_norm(x, weights, norm))
            x = x + y * weights.get(f"{name}.ls_{number}.gamma", 1)
    return x


def project(x, weights, name):
    if name in weights:
        x = x @ weights[name]
    else:
        x = x @ weights[name + ".weight"].T + weights[name + ".bias"]
    return x / np.linalg.norm(x)


def synthetic_image(size, seed):
    """The workload's test image: a hash of each byte's place."""
    x = np.uint64(seed) ^ (np.arange(3 * size * size, dtype=np.uint64) << np.uint64(1))
    for multiplier, shift in ((0x7FEB352D, 16), (0x846CA68B, 15), (1, 16)):
        x = (x ^ x >> np.uint64(shift)) * np.uint64(multiplier) & np.uint64(0xFFFFFFFF)
    pixels = (x & np.uint64(255)).astype(np.float64).reshape(3, size, size) / 255
    mean = np.array([0.48145466, 0.4578275, 0.40821073]).reshape(3, 1, 1)
    deviation = np.array([0.26862954, 0.26130258, 0.27577711]).reshape(3, 1, 1)
    return (pixels - mean) / deviation


def image_embedding(config, weights, seed):
    tower = config["vision_cfg"]
    size, patch, width = tower["image_size"], tower["patch_size"], tower["width"]
    pixels, kernel = synthetic_image(size, seed), weights["visual.conv1.weight"]
    grid = size // patch
    patches = [
        np.tensordot(kernel, pixels[:, i * patch : (i + 1) * patch, j * patch : (j + 1) * patch], 3)
        for i in range(grid)
        for j in range(grid)
    ]
    x = np.stack(patches) + weights.get("visual.conv1.bias", 0)
    x = np.concatenate([weights["visual.class_embedding"][None], x]) + weights["visual.positional_embedding"]
    if "visual.ln_pre.weight" in weights:
        x = layer_norm(x, weights, "visual.ln_pre")
    heads = width // tower.get("head_width", 64)
    x = blocks(x, weights, "visual.transformer.resblocks", tower, heads, activation(tower, config), False)
    average = tower.get("pool_type") == "avg" or tower.get("global_average_pool")
    if tower.get("final_ln_after_pool") and average:
        pooled = layer_norm(x[1:].mean(0), weights, "visual.ln_post")
    else:
        x = layer_norm(x, weights, "visual.ln_post")
        pooled = x[1:].mean(0) if average else x[0]
    return project(pooled, weights, "visual.proj")


def text_embedding(config, weights, ids):
    tower = config["text_cfg"]
    ids = np.array(ids + [0] * (tower["context_length"] - len(ids)))
    x = weights["token_embedding.weight"][ids] + weights["positional_embedding"]
    x = blocks(x, weights, "transformer.resblocks", tower, tower["heads"], activation(tower, config), True)
    x = layer_norm(x, weights, "ln_final")
    return project(x[ids.argmax()], weights, "text_projection")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("config")
    parser.add_argument("weights")
    parser.add_argument("--tokens", required=True)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    with open(args.config) as file:
        config = json.load(file)
    weights = read_safetensors(args.weights)
    image = image_embedding(config, weights, args.seed)
    text = text_embedding(config, weights, [int(token) for token in args.tokens.split(",")])
    print(json.dumps({"image": image.tolist(), "text": text.tolist()}))


if __name__ == "__main__":
    main()
