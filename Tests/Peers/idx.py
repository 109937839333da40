"""Reads the four IDX files of a data set, plain or gzipped, as Atelier does."""

import gzip
from pathlib import Path

import numpy as np


def read(folder, name):
    path = Path(folder) / name
    data = path.read_bytes() if path.exists() else gzip.open(f"{path}.gz").read()
    dimensions = np.frombuffer(data, ">u4", count=data[3], offset=4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * data[3]).reshape(dimensions)


def load(folder):
    """Returns training images (count, bytes) and labels, then test images and labels."""
    sets = []
    for kind in ("train", "t10k"):
        images = read(folder, f"{kind}-images-idx3-ubyte")
        sets += [images.reshape(len(images), -1), read(folder, f"{kind}-labels-idx1-ubyte")]
    return sets
