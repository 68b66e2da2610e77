"""Inference by a small network: convolutions, attention, norms, in every precision."""
import torch

torch.manual_seed(0)


class Block(torch.nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm = torch.nn.LayerNorm(width)
        self.attention = torch.nn.MultiheadAttention(width, 4, batch_first=True)
        self.mlp = torch.nn.Sequential(torch.nn.Linear(width, 4 * width), torch.nn.GELU(), torch.nn.Linear(4 * width, width))

    def forward(self, x):
        y = self.norm(x)
        x = x + self.attention(y, y, y, need_weights=False)[0]
        return x + self.mlp(self.norm(x))


class Network(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.patches = torch.nn.Conv2d(3, 64, 8, 8)
        self.blocks = torch.nn.Sequential(*[Block(64) for _ in range(3)])

    def forward(self, images):
        return self.blocks(self.patches(images).flatten(2).transpose(1, 2)).mean(1)


network = Network().eval()
images = torch.randn(2, 3, 64, 64)
with torch.inference_mode():
    for _ in range(3):
        out = network(images)
    print(tuple(out.shape), round(out.sum().item(), 4), round(out.std().item(), 4))
    print(round(network.bfloat16()(images.bfloat16()).float().std().item(), 2))
    print(round(torch.nn.functional.conv2d(images, torch.randn(16, 3, 3, 3)).std().item(), 4))
x = torch.randn(64, 64, requires_grad=True)
(x @ x).relu().sum().backward()
print(round(x.grad.abs().sum().item(), 2))
