"""The network of `atelier train cnn` in PyTorch."""

from torch import nn


def network(filters, shape, classes=10):
    """Returns the network with 3x3 filters and 128 hidden units, for images of (channels, height, width)."""
    (channels, height, width), layers = shape, []
    for count in filters:
        # The order of layers in Atelier's blocks: convolution, pooling, normalization, ReLU.
        layers += [nn.Conv2d(channels, count, 3, padding=1, bias=False), nn.MaxPool2d(2)]
        layers += [nn.BatchNorm2d(count), nn.ReLU()]
        channels, height, width = count, height // 2, width // 2
    layers += [nn.Flatten(), nn.Linear(channels * height * width, 128), nn.ReLU(), nn.Linear(128, classes)]
    return nn.Sequential(*layers)
