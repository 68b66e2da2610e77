"""What is measured: which tool, run how, has which setting's figures."""

import dataclasses

EVERY = ("image", "text", "total")


@dataclasses.dataclass(frozen=True)
class Case:
    tool: str
    setting: str
    column: str = "mac"
    library: str = "open_clip"
    mode: str = "grad"
    device: str = "cpu"
    models: tuple = ("ViT-B-32-quickgelu",)
    towers: tuple = EVERY
    # The name of the counter where the tool has several.
    counter: str = ""
    # The versions that the setting is for: pairs of a distribution and a range.
    when: tuple = ()

    @property
    def run(self):
        """What is run; cases of one run differ in the column that they read."""
        return (self.library, self.device, self.mode, self.counter or self.tool)


PRESET = ("ViT-B-32",)
OWN = ("ViT-B-32-quickgelu", "ViT-B-16-SigLIP")
SIGLIP = ("ViT-B-16-SigLIP",)
SINCE_FORMULA = (("torch", ">=2.15"),)
WITHOUT_FORMULA = (("torch", ">=2.3,<2.15"),)
TORCH_2_2 = (("torch", ">=2.2,<2.3"),)


def own(tool, setting, column="mac", mode="grad", when=(), **more):
    """open_clip: both towers of CLIP, and the text tower of SigLIP, which has no mask and ends in a module."""
    yield Case(tool, setting, column, mode=mode, when=when, **more)
    yield Case(tool, setting, column, mode=mode, when=when, models=SIGLIP, towers=("text",), **more)


def huggingface(tool, setting, attention, column="mac", **more):
    yield Case(tool, setting, column, library=f"hf-{attention}", models=PRESET, **more)


def eva(tool, setting, column="mac", **more):
    yield Case(tool, setting, column, device="meta", models=("EVA02-E-14",), **({"towers": ("image", "text")} | more))


def profiles(which):
    for setting, column in ((f"open_clip-{which}-profile", "flop"), (f"open_clip-{which}-profile-macs", "mac")):
        yield Case("deepspeed", setting, column, counter=f"deepspeed {which}", when=(("deepspeed", "<0.15"),))


# Image networks that are no vision transformers.
NETWORKS = (
    "RN50",
    "RN50x4",
    "convnext_base",
    "convnext_base_w_320",
    "convnext_xxlarge",
    "ViTamin-S",
    "ViTamin-L-336",
    "MobileCLIP-S1",
    "MobileCLIP-S2",
    "MobileCLIP-B",
    "MobileCLIP2-S3",
    "swin_base_patch4_window7_224",
    "vit_relpos_medium_patch16_cls_224",
)

CASES = [
    *own("flop-counter", "open_clip", "flop", when=SINCE_FORMULA),
    *own("flop-counter", "open_clip", "flop", when=TORCH_2_2),
    *own("flop-counter", "fast-path", "flop", "no_grad", when=SINCE_FORMULA),
    *own("flop-counter", "fast-path", "flop", "no_grad", when=TORCH_2_2),
    *own("flop-counter", "cpu-sdpa", "flop", when=WITHOUT_FORMULA),
    *own("flop-counter", "cpu-fast-path", "flop", "no_grad", when=WITHOUT_FORMULA),
    *huggingface("flop-counter", "hf-sdpa", "sdpa", "flop", when=SINCE_FORMULA),
    *own("fvcore", "open_clip-torch2"),
    *own("fvcore", "open_clip-fast-path", mode="no_grad"),
    *own("mmengine", "open_clip"),
    *own("mmengine", "open_clip-fast-path", mode="no_grad"),
    *huggingface("mmengine", "hf-eager", "eager"),
    *huggingface("mmengine", "hf-sdpa", "sdpa"),
    *own("thop", "open_clip"),
    *own("thop", "open_clip", mode="no_grad"),
    *own("ultralytics-thop", "open_clip"),
    *own("ultralytics-thop", "open_clip", mode="no_grad"),
    *huggingface("ultralytics-thop", "hf", "sdpa"),
    *huggingface("ultralytics-thop", "hf", "eager"),
    *own("ptflops-pytorch", "open_clip"),
    *own("ptflops-pytorch", "open_clip", mode="no_grad"),
    *own("ptflops-aten", "open_clip-cpu"),
    *own("ptflops-aten", "open_clip-fast-path", mode="no_grad"),
    *own("calflops", "open_clip", "flop"),
    *own("calflops", "open_clip-macs"),
    *own("calflops", "open_clip-fast-path", "flop", "no_grad"),
    *own("calflops", "open_clip-fast-path-macs", mode="no_grad"),
    *own("deepspeed", "open_clip", "flop"),
    *own("deepspeed", "open_clip-macs"),
    *own("deepspeed", "open_clip-fast-path", "flop", "no_grad"),
    *own("deepspeed", "open_clip-fast-path-macs", mode="no_grad"),
    *own("torchinfo", "open_clip-3"),
    *own("torchinfo", "open_clip-3", mode="no_grad"),
    *own("torchprofile", "open_clip"),
    *huggingface("torchprofile", "hf-eager", "eager"),
    *huggingface("torchprofile", "hf-sdpa", "sdpa"),
    *own("flopth", "open_clip"),
    *own("flopth", "open_clip", mode="no_grad"),
    *huggingface("flopth", "hf", "sdpa"),
    Case("pytorch-model-summary", "open_clip", "flop", towers=("image",)),
    Case("pytorch-model-summary", "hf", "flop", library="hf-sdpa", models=PRESET, towers=("image",)),
    Case("onnx-tool", "open_clip", models=("ViT-B-32-quickgelu", "ViT-B-32")),
    Case("hf-trainer", "", "flop", library="hf-towers", device="meta", models=PRESET),
    # EVA's image tower in timm, whose qkv is a function; on the meta device torch takes linear layers apart.
    *eva("ptflops-pytorch", "open_clip-meta"),
    *eva("deepspeed", "open_clip-meta", "flop"),
    *eva("deepspeed", "open_clip-meta-macs"),
    *eva("flopth", "open_clip"),
    *eva("ultralytics-thop", "open_clip", towers=("image",)),
    # On a CPU it does not see that function.
    Case("ptflops-pytorch", "open_clip", mode="no_grad", models=("EVA01-g-14",), towers=("image",)),
    # DeepSpeed 0.14 leaves the functions that it replaced.
    *profiles("second"),
    *profiles("third"),
    *(Case("fvcore", "open_clip-torch2", models=(name,), towers=("image",)) for name in NETWORKS),
]
