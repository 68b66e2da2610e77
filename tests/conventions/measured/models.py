"""The models that are measured, by library: their towers as modules with inputs.

Weights are zeros. Counts do not depend on them, and so no model is initialised or downloaded.
"""

import json
import pathlib

import torch

PRESETS = pathlib.Path(__file__).parents[3] / "src/model/presets"


class Text(torch.nn.Module):
    """The text tower of a model whose forward pass takes an image as well."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, text):
        return self.model.encode_text(text)


class Features(torch.nn.Module):
    """A tower of a HuggingFace model, with its projection."""

    def __init__(self, model, method):
        super().__init__()
        self.model, self.method = model, method

    def forward(self, value):
        return getattr(self.model, self.method)(value)


class Joined(torch.nn.Module):
    """Both towers of a HuggingFace model, by position."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, image, text):
        return self.model(input_ids=text, pixel_values=image)


def made(build, device):
    """A model that is built without initialising it."""
    with torch.device("meta"):
        model = build()
    model.eval()
    if device != "meta":
        model.to_empty(device=device)
        for tensor in [*model.parameters(), *model.buffers()]:
            tensor.data.zero_()
    return model


def inputs(size, context, device):
    height, width = size if isinstance(size, (tuple, list)) else (size, size)
    image = torch.zeros(1, 3, height, width, device=device)
    return (image,), (torch.zeros(1, context, dtype=torch.long, device=device),)


def open_clip(name, device):
    import open_clip

    model = made(lambda: open_clip.create_model(name, device="meta"), device)
    image, text = inputs(model.visual.image_size, model.context_length, device)
    return {"image": (model.visual, image), "text": (Text(model), text), "total": (model, image + text)}


def openai(name, device):
    """openai-clip's own code, with the dimensions of a preset in HuggingFace's keys."""
    from clip.model import CLIP

    config = json.loads((PRESETS / f"{name}.json").read_text())
    vision, text = config["vision_config"], config["text_config"]

    def build():
        return CLIP(
            config["projection_dim"],
            vision["image_size"],
            vision["num_hidden_layers"],
            vision["hidden_size"],
            vision["patch_size"],
            text["max_position_embeddings"],
            text["vocab_size"],
            text["hidden_size"],
            text["num_attention_heads"],
            text["num_hidden_layers"],
        )

    model = made(build, device)
    image, tokens = inputs(vision["image_size"], text["max_position_embeddings"], device)
    return {"image": (model.visual, image), "text": (Text(model), tokens), "total": (model, image + tokens)}


def huggingface(attention):
    def build(name, device):
        from transformers import CLIPConfig, CLIPModel

        config = CLIPConfig.from_dict(json.loads((PRESETS / f"{name}.json").read_text()))
        config._attn_implementation = attention
        model = made(lambda: CLIPModel._from_config(config, attn_implementation=attention), device)
        for buffer_name, buffer in model.named_buffers():
            if buffer_name.endswith("position_ids") and device != "meta":
                buffer.data.copy_(torch.arange(buffer.shape[-1]).expand_as(buffer))
        image, text = inputs(config.vision_config.image_size, config.text_config.max_position_embeddings, device)
        return {
            "image": (Features(model, "get_image_features"), image),
            "text": (Features(model, "get_text_features"), text),
            "total": (Joined(model), image + text),
        }

    return build


def towers_alone(name, device):
    """HuggingFace's classes of one tower each, with their projections, and the pair."""
    from transformers import CLIPConfig, CLIPModel, CLIPTextModelWithProjection, CLIPVisionModelWithProjection

    config = CLIPConfig.from_dict(json.loads((PRESETS / f"{name}.json").read_text()))
    image, text = inputs(config.vision_config.image_size, config.text_config.max_position_embeddings, device)
    config.vision_config.projection_dim = config.text_config.projection_dim = config.projection_dim
    return {
        "image": (made(lambda: CLIPVisionModelWithProjection(config.vision_config), device), image),
        "text": (made(lambda: CLIPTextModelWithProjection(config.text_config), device), text),
        "total": (made(lambda: CLIPModel(config), device), image + text),
    }


LIBRARIES = {
    "open_clip": open_clip,
    "openai": openai,
    "hf-eager": huggingface("eager"),
    "hf-sdpa": huggingface("sdpa"),
    "hf-towers": towers_alone,
}
PACKAGES = {name: "transformers" for name in LIBRARIES} | {"open_clip": "open_clip_torch", "openai": "openai-clip"}
