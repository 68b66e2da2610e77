"""Exact FLOPs of CLIP models, what every FLOP counter says of them, and why.

>>> import flopledger
>>> flopledger.calculate_tflops("ViT-L-14-336")
0.395219472384

A model is the path of a configuration file in any dialect (HuggingFace, open_clip, EVA-CLIP,
OpenAI, Chinese-CLIP, ..), such a configuration as a dict, or the name of a preset. Results are
plain dicts, the same as the program prints with ``--format json``; counts are exact integers.
What cannot be read or cannot be is a ConfigError.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Literal, Union

from flopledger import _native
from flopledger._native import ConfigError

__all__ = [
    "ConfigError",
    "calculate_tflops",
    "conventions",
    "estimate",
    "explain",
    "identify",
    "presets",
]

Model = Union[str, "os.PathLike[str]", Mapping[str, Any]]
"""A configuration file's path, a configuration, or a preset's name."""

ImageSize = Union[int, "tuple[int, int]"]
"""Pixels of a side, or height and width."""


def calculate_tflops(
    config: Model,
    *,
    tower: Literal["image", "text", "multimodal"] | None = None,
    batch: int = 1,
    image_size: ImageSize | None = None,
    context: int | None = None,
    tower_config: Iterable[Model] = (),
) -> float:
    """True FLOPs of a model, in 1e12, for one image and one full-length text.

    2 FLOPs for every multiply-accumulate of all convolutions and matrix products of both towers,
    attention in full, logits left out. Of one tower, of a batch of so many images and as many
    texts, or for another image size or text length, where that is asked for. tower_config gives
    the dimensions of towers that a file only names.

    >>> calculate_tflops("ViT-L-14-336", tower="image")
    0.381919789056
    >>> calculate_tflops({
    ...     "embed_dim": 512,
    ...     "vision_cfg": {"image_size": 224, "layers": 12, "width": 768, "patch_size": 32},
    ...     "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 512, "heads": 8, "layers": 12},
    ... })
    0.014777163776
    >>> calculate_tflops("ViT-B-32", image_size=0)
    Traceback (most recent call last):
    flopledger.ConfigError: image_size: 0 is not possible here
      remedy: give a whole number from 1 to 65536
    """
    keywords = _keywords(tower_config, tower=tower, batch=batch, image_size=image_size, context=context)
    return _native.flops(*_source(config), keywords) / 1e12


def estimate(
    config: Model,
    *,
    batch: int = 1,
    image_size: ImageSize | None = None,
    context: int | None = None,
    tower_config: Iterable[Model] = (),
    backward: bool = False,
    recompute: Literal["none", "attention", "full"] = "none",
    logits: Literal["local", "global"] | None = None,
    ranks: int = 1,
    elementwise: bool = False,
) -> dict[str, Any]:
    """True FLOPs and parameters per tower, every operation, and what every counter would print.

    The keywords are the options of ``flopledger estimate``.

    >>> vit = estimate("ViT-B-32")
    >>> vit["flops"]
    {'image': 8817623040, 'text': 5959540736, 'total': 14777163776}
    >>> vit["parameters"]["total"]
    151277313
    >>> [count["image"] for count in vit["conventions"] if count["name"] == "thop"][0]
    2946760704
    >>> estimate("ViT-B-32", batch=256, backward=True)["step"]["backward"]
    7506717835264
    """
    keywords = _keywords(
        tower_config,
        batch=batch,
        image_size=image_size,
        context=context,
        backward=backward,
        recompute=recompute,
        logits=logits,
        ranks=ranks,
        elementwise=elementwise,
    )
    return _dict(_native.estimate(*_source(config), keywords))


def identify(
    number: str | int | float,
    model: Model | None = None,
    *,
    image_size: ImageSize | None = None,
    context: int | None = None,
    tower_config: Iterable[Model] = (),
) -> dict[str, Any]:
    """Whose number is this? Every counter, setting, tower and batch that yields it.

    A text may have a prefix and a unit, and its last digit says how it was rounded: "116.5 G",
    "0.117T", "41.09 GFLOPs". An int is exact, and a float is rounded at its last digit. Without a
    model, every preset is searched.

    >>> found = identify("116.5 G", "ViT-L-14-336")["matches"][0]
    >>> found["convention"], found["setting"], found["tower"], found["unit"], found["value"]
    ('thop', 'open_clip', 'image', 'mac', 116512260096)
    >>> identify("many")
    Traceback (most recent call last):
    flopledger.ConfigError: many: not a whole number of FLOPs or MACs
      remedy: write digits, perhaps a prefix (k, M, G, T, P, E, or B for billions) and a unit: 116512260096, '116.5 G', 116.5Gmac, 0.395Tflop, 14.04e9, '4.4 GMACs/img'
    """
    if isinstance(number, float):
        number = str(Decimal(repr(number)).normalize())
    keywords = _keywords(tower_config, image_size=image_size, context=context)
    return _dict(_native.identify(str(number), None if model is None else _source(model), keywords))


def explain(
    from_: str | int,
    to: str | int,
    model: Model = "ViT-L-14-336",
    *,
    image_size: ImageSize | None = None,
    context: int | None = None,
    tower_config: Iterable[Model] = (),
) -> dict[str, Any]:
    """Why two counts of one model differ: the ledger from one to the other, cause by cause.

    A count is named name[@setting][:tower] as conventions() lists them, analytic being the true
    count; or it is a number with its unit, e.g. "116.5Gmac".

    >>> ledger = explain("thop", "analytic")["ledger"]
    >>> ledger["opening"]["value"], ledger["closing"]["value"], ledger["residual"]
    (116512260096, 395219472384, 0)
    >>> ledger["entries"][0]["cause"], ledger["entries"][0]["flops"]
    ('mac-counted-once', 116512260096)
    """
    keywords = _keywords(tower_config, image_size=image_size, context=context)
    return _dict(_native.explain((str(from_), str(to)), *_source(model), keywords))


def conventions() -> list[dict[str, Any]]:
    """Every counter in every setting: what it counts, what it does not, where it is documented.

    >>> thop = next(counter for counter in conventions() if counter["name"] == "thop")
    >>> thop["setting"], thop["unit"], thop["default_tower"]
    ('open_clip', 'mac', 'image')
    """
    listed: list[dict[str, Any]] = _dict(_native.conventions())["conventions"]
    return listed


def presets() -> list[str]:
    """The names of the built-in models.

    >>> presets()[:2]
    ['ViT-B-32', 'ViT-B-16']
    """
    return _native.presets()


def _source(config: Model) -> tuple[str, str | None]:
    """A name, and the text of what has no file."""
    if not isinstance(config, Mapping):
        return os.fspath(config), None
    try:
        return "config", json.dumps(config, default=_plain)
    except (TypeError, ValueError, RecursionError) as error:
        raise ConfigError(f"config: no configuration: {error}\n  remedy: give what json.load reads from a file") from None


def _plain(value: object) -> dict[Any, Any]:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is no JSON")


def _keywords(tower_config: Iterable[Model], **keywords: object) -> dict[str, object]:
    return {**keywords, "tower_config": [_source(tower) for tower in tower_config]}


def _dict(text: str) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(text)
    return value
