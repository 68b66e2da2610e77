"""One step of training, and a transform that no shape function counts."""
import sys

import torch

torch.manual_seed(0)
model = torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.ReLU(), torch.nn.Linear(16, 4))
x = torch.randn(5, 8)
model(x).square().mean().backward()
torch.fft.fft(x)
print("done", *sys.argv[1:])
