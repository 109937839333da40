"""Times the training of a network in PyTorch until an accuracy on the test images, as `atelier benchmark --to-accuracy`
does, with the same settings. Prints JSON.

    .build/release/atelier benchmark --to-accuracy 0.92 --json result.json
    python Tests/Peers/accuracy.py --settings result.json

The clock stops while the network is evaluated, after each epoch.
"""

import argparse
import json
import math
import resource
import statistics
import time

import idx
import torch
from pytorch_network import network
from torch import nn

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--settings", required=True, help="result of atelier benchmark --to-accuracy")
parser.add_argument("--data", default="/usr/share/datasets/fashion-mnist", help="folder with the four IDX files")
parser.add_argument("--memory-format", choices=["channels_last", "contiguous_format"], default="channels_last")
parser.add_argument("--seeds", type=int, default=5)
parser.add_argument("--threads", type=int, default=2)
arguments = parser.parse_args()

torch.set_num_threads(arguments.threads)
memory_format = getattr(torch, arguments.memory_format)
with open(arguments.settings) as file:
    result = json.load(file)
target, settings = result["target"], result["settings"]
for name, value in [("optimizer", "sgd"), ("schedule", "one-cycle"), ("augment", "none"), ("dense", "128")]:
    if settings[name] != value:
        raise SystemExit(f"{arguments.settings}: {name} is {settings[name]}; this program trains with {value} only")
epochs, batch, peak = int(settings["epochs"]), int(settings["batch"]), float(settings["learning-rate"])
filters = [int(number) for number in settings["filters"].split(",")]


def tensors(images, labels, scale):
    images = torch.tensor(images).reshape(-1, 1, 28, 28).float()
    return ((images - scale[0]) / scale[1]).to(memory_format=memory_format), torch.tensor(labels).long()


def rate(step, steps):
    """A linear rise to the peak in the first quarter, then half a cosine, as in Atelier's LearningRateSchedule."""
    position = step / steps
    if position < 0.25:
        return peak * (0.04 + 0.96 * position / 0.25)
    return peak * max(1e-4, (1 + math.cos(math.pi * (position - 0.25) / 0.75)) / 2)


def average(decay):
    """The moving average of the weights: its decay grows with the number of steps, as in Atelier's Optimizer."""
    def update(past, values, step):
        if past[0].is_floating_point():  # not the count of batches
            torch._foreach_lerp_(past, values, 1 - min(decay, (1 + int(step)) / (10 + int(step))))

    return update


def measure(seed):
    """Returns the seconds to the accuracy (infinite if it is not reached), the seconds in total, and the accuracy."""
    torch.manual_seed(seed)
    model = network(filters, (1, 28, 28)).to(memory_format=memory_format)
    averaged = torch.optim.swa_utils.AveragedModel(
        model, multi_avg_fn=average(float(settings["weight-average"])), use_buffers=True)
    # Weights decay; biases, and the scales and shifts of normalization, do not.
    groups = [
        {"params": [values for values in model.parameters() if values.dim() > 1],
         "weight_decay": float(settings["weight-decay"])},
        {"params": [values for values in model.parameters() if values.dim() == 1]},
    ]
    optimizer = torch.optim.SGD(groups, lr=peak, momentum=0.9, nesterov=True)
    loss = nn.CrossEntropyLoss(label_smoothing=float(settings["label-smoothing"]))
    per_epoch, reached, elapsed = len(train_images) // batch, math.inf, 0.0
    for epoch in range(epochs):
        start = time.perf_counter()
        model.train()
        for number, indices in enumerate(torch.randperm(len(train_images))[: per_epoch * batch].split(batch)):
            for group in optimizer.param_groups:
                group["lr"] = rate(epoch * per_epoch + number, epochs * per_epoch)
            optimizer.zero_grad()
            loss(model(train_images[indices]), train_labels[indices]).backward()
            optimizer.step()
            averaged.update_parameters(model)
        elapsed += time.perf_counter() - start
        averaged.eval()
        with torch.inference_mode():
            hits = sum(
                (averaged(images).argmax(1) == labels).sum().item()
                for images, labels in zip(test_images.split(1000), test_labels.split(1000)))
        accuracy = hits / len(test_images)
        if accuracy >= target:
            reached = min(reached, elapsed)
    return reached, elapsed, accuracy


train, train_y, test, test_y = idx.load(arguments.data)
scale = (float(train.mean()), float(train.std()))
train_images, train_labels = tensors(train, train_y, scale)
test_images, test_labels = tensors(test, test_y, scale)
samples = [measure(seed) for seed in range(arguments.seeds)]
median = statistics.median(seconds for seconds, _, _ in samples)
print(json.dumps({
    "model": "cnn", "version": torch.__version__, "settings": settings, "target": target,
    "seconds_to_target": [seconds if math.isfinite(seconds) else None for seconds, _, _ in samples],
    "median_seconds_to_target": median if math.isfinite(median) else None,
    "training_seconds": [seconds for _, seconds, _ in samples],
    "accuracy": [accuracy for _, _, accuracy in samples],
    "peak_memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
}))
