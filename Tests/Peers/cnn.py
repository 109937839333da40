"""Times the training of the network of `atelier benchmark` in PyTorch on random images. Prints JSON.

    python Tests/Peers/cnn.py --threads 2
"""

import argparse
import json
import statistics
import time

import torch
from torch import nn

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--memory-format", choices=["channels_last", "contiguous_format"], default="channels_last")
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--repetitions", type=int, default=1)
parser.add_argument("--images", type=int, default=12800, help="number of images per repetition")
arguments = parser.parse_args()

torch.set_num_threads(arguments.threads)
torch.manual_seed(0)
memory_format = getattr(torch, arguments.memory_format)
batch, channels, layers = 128, 1, []
for filters in (64, 128, 256):
    # The order of layers in Atelier's blocks: convolution, pooling, normalization, ReLU.
    layers += [nn.Conv2d(channels, filters, 3, padding=1, bias=False), nn.MaxPool2d(2)]
    layers += [nn.BatchNorm2d(filters), nn.ReLU()]
    channels = filters
layers += [nn.Flatten(), nn.Linear(channels * 9, 128), nn.ReLU(), nn.Linear(128, 10)]
model = nn.Sequential(*layers).to(memory_format=memory_format)
images = torch.rand(batch, 1, 28, 28).to(memory_format=memory_format)
labels = torch.randint(0, 10, (batch,))
optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, nesterov=True, weight_decay=5e-4)
loss = nn.CrossEntropyLoss(label_smoothing=0.05)


def train(steps):
    for _ in range(steps):
        optimizer.zero_grad()
        loss(model(images), labels).backward()
        optimizer.step()


train(10)  # warm-up
images_per_second = []
for _ in range(arguments.repetitions):
    steps = arguments.images // batch
    start = time.perf_counter()
    train(steps)
    images_per_second.append(steps * batch / (time.perf_counter() - start))

print(json.dumps({
    "model": "cnn",
    "engine": f"PyTorch {torch.__version__}, {arguments.memory_format}",
    "settings": vars(arguments),
    "images_per_second": images_per_second,
    "median_images_per_second": statistics.median(images_per_second),
}))
