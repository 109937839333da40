"""Times PyTorch's training of the network that `atelier benchmark` trains, on random images: it is the same work for any pixels.

    python Tests/Peers/cnn.py --threads 2 --repetitions 3 --json cnn.json
"""
import argparse

import torch
from timing import measure, report
from torch import nn


def network(filters, classes):
    layers, channels = [], 1
    for count in filters:
        # The order of Atelier's block: convolution, pooling, normalization, ReLU.
        layers += [
            nn.Conv2d(channels, count, 3, padding=1, bias=False), nn.MaxPool2d(2), nn.BatchNorm2d(count), nn.ReLU(inplace=True)
        ]
        channels = count
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(channels * 9, 128), nn.ReLU(inplace=True), nn.Linear(128, classes))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--images", type=int, default=6400, help="images in one repetition")
    parser.add_argument("--json")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    batch = 128
    images = torch.rand(batch, 1, 28, 28).to(memory_format=torch.channels_last)
    labels = torch.randint(0, 10, (batch,))
    rows = []
    for name, memory_format in (("PyTorch, channels last", torch.channels_last), ("PyTorch", torch.contiguous_format)):
        model = network((64, 128, 256), 10).to(memory_format=memory_format)
        rule = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, nesterov=True, weight_decay=5e-4)
        loss = nn.CrossEntropyLoss(label_smoothing=0.05)
        inputs = images.to(memory_format=memory_format)

        def train(steps):
            for _ in range(steps):
                rule.zero_grad()
                loss(model(inputs), labels).backward()
                rule.step()

        train(10)  # warm-up
        seconds = measure(lambda: train(options.images // batch), options.repetitions)
        rows.append({"work": "cnn", "peer": name, "seconds": seconds, "images": options.images // batch * batch})
    report(rows, options.json)


if __name__ == "__main__":
    main()
