"""PyTorch's side of the training bench, written as its users write a training step; no torch.compile."""

from functools import partial

import torch
from torch import nn
from torch.nn import functional as F

from peer import asked, serve

workload, threads = asked()
torch.set_num_threads(threads)
torch.manual_seed(1)
batch = workload["batch"]


def mlp():
    sizes = [workload["inputs"], *workload["hidden"]]
    layers = []
    for inputs, outputs in zip(sizes, sizes[1:]):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    model = nn.Sequential(*layers, nn.Linear(sizes[-1], workload["classes"]))
    return model, lambda: torch.rand(batch, sizes[0]), torch.optim.Adam(model.parameters(), lr=1e-3)


class Cnn(nn.Module):
    def __init__(self):
        super().__init__()
        channels = [workload["channels"], *workload["blocks"]]
        blocks = []
        for inputs, outputs in zip(channels, channels[1:]):
            blocks += [nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)]
            blocks += [nn.BatchNorm2d(outputs), nn.ReLU(), nn.MaxPool2d(2)]
        self.blocks = nn.Sequential(*blocks)
        side = workload["side"] >> len(workload["blocks"])
        self.head = nn.Linear(channels[-1] * side * side, workload["classes"])

    def forward(self, x):
        return self.head(self.blocks(x).flatten(1))


def cnn():
    model = Cnn()
    shape = (batch, workload["channels"], workload["side"], workload["side"])
    return model, lambda: torch.randn(shape), torch.optim.Adam(model.parameters(), lr=1e-3)


gelu = partial(F.gelu, approximate="tanh")


class Transformer(nn.Module):
    def __init__(self):
        super().__init__()
        width = workload["width"]
        self.tokens = nn.Embedding(workload["vocabulary"], width)
        self.positions = nn.Parameter(torch.randn(workload["length"], width) * 0.02)
        layer = nn.TransformerEncoderLayer(
            width, workload["heads"], 4 * width, dropout=0, activation=gelu, batch_first=True, norm_first=True
        )
        self.encoder = nn.TransformerEncoder(
            layer, workload["layers"], norm=nn.LayerNorm(width), enable_nested_tensor=False
        )
        self.head = nn.Linear(width, workload["classes"])

    def forward(self, x):
        return self.head(self.encoder(self.tokens(x) + self.positions).mean(dim=1))


def transformer():
    model = Transformer()
    rows = lambda: torch.randint(workload["vocabulary"], (batch, workload["length"]))
    return model, rows, torch.optim.AdamW(model.parameters(), lr=1e-3)


model, make_rows, optimizer = {"mlp": mlp, "cnn": cnn, "transformer": transformer}[workload["network"]]()
model.train()
batches = [(make_rows(), torch.randint(workload["classes"], (batch,))) for _ in range(16)]
turn = 0


def step():
    global turn
    rows, targets = batches[turn % len(batches)]
    turn += 1
    optimizer.zero_grad(set_to_none=True)
    loss = F.cross_entropy(model(rows), targets)
    loss.backward()
    optimizer.step()
    return loss.item()


serve("PyTorch", torch.__version__, step)
