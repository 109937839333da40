"""What the peers' scripts share: Fashion-MNIST, repetitions, and the report."""
import gzip
import json
import os
import statistics
import time

import numpy as np


def fashion_mnist(folder=None):
    """Training images (n, 784) and labels, test images and labels, all bytes."""
    folder = folder or os.environ.get("ATELIER_DATA", "/usr/share/datasets/fashion-mnist")

    def read(name, skip):
        for suffix, opener in (("", open), (".gz", gzip.open)):
            path = f"{folder}/{name}{suffix}"
            if os.path.exists(path):
                with opener(path, "rb") as file:
                    return np.frombuffer(file.read(), dtype=np.uint8, offset=skip)
        raise SystemExit(f"{folder}: holds no {name}")

    def both(prefix):
        return read(f"{prefix}-images-idx3-ubyte", 16).reshape(-1, 784), read(f"{prefix}-labels-idx1-ubyte", 8)

    return (*both("train"), *both("t10k"))


def measure(work, repetitions):
    """Seconds of each repetition."""
    seconds = []
    for _ in range(repetitions):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return seconds


def report(rows, path):
    """Prints a line for each row, and writes all rows as JSON if `path` is given."""
    for row in rows:
        row["median"] = statistics.median(row["seconds"])
        rest = {key: value for key, value in row.items() if key not in ("work", "peer", "seconds", "median")}
        print(f"{row['work']:<18} {row['peer']:<28} {row['median']:9.2f} s  {rest}")
    if path:
        with open(path, "w") as file:
            json.dump(rows, file, indent=2)
