"""Times a network of `atelier train cnn` in PyTorch: training on random images, prediction, or training on
Fashion-MNIST to an accuracy on the test images. Prints JSON.

    python Tests/Peers/cnn.py --threads 2
    python Tests/Peers/cnn.py --to-accuracy 0.92
    python Tests/Peers/cnn.py --predict --engine onnxruntime
"""

import argparse
import contextlib
import io
import json
import math
import resource
import statistics
import tempfile
import time

import idx
import torch
from torch import nn

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--predict", action="store_true", help="time the prediction of 10,000 images instead")
parser.add_argument("--to-accuracy", type=float, help="time the training to this accuracy, with five seeds, instead")
parser.add_argument("--epochs", type=int, default=2, help="for --to-accuracy")
parser.add_argument("--data", default="/usr/share/datasets/fashion-mnist", help="for --to-accuracy: the four IDX files")
parser.add_argument("--engine", choices=["pytorch", "onnxruntime", "openvino"], default="pytorch", help="for --predict")
parser.add_argument("--memory-format", choices=["channels_last", "contiguous_format"], default="channels_last")
parser.add_argument("--compile", action="store_true", help="use torch.compile")
parser.add_argument("--filters", default="64,128,256")
parser.add_argument("--shape", default="1,28,28", help="channels, height, width")
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--repetitions", type=int, default=1)
parser.add_argument("--images", type=int, default=12800, help="number of images per repetition of the training")
arguments = parser.parse_args()

torch.set_num_threads(arguments.threads)
torch.manual_seed(0)
memory_format = getattr(torch, arguments.memory_format)
batch = 128
shape = [int(number) for number in arguments.shape.split(",")]


def network():
    (channels, height, width), layers = shape, []
    for filters in [int(number) for number in arguments.filters.split(",")]:
        # The order of layers in Atelier's blocks: convolution, pooling, normalization, ReLU.
        layers += [nn.Conv2d(channels, filters, 3, padding=1, bias=False), nn.MaxPool2d(2)]
        layers += [nn.BatchNorm2d(filters), nn.ReLU()]
        channels, height, width = filters, height // 2, width // 2
    layers += [nn.Flatten(), nn.Linear(channels * height * width, 128), nn.ReLU(), nn.Linear(128, 10)]
    return nn.Sequential(*layers).to(memory_format=memory_format)


model = network()
loss = nn.CrossEntropyLoss(label_smoothing=0.05)


def sgd(model):
    return torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, nesterov=True, weight_decay=5e-4)


def time_training():
    images = torch.rand(batch, *shape).to(memory_format=memory_format)
    labels = torch.randint(0, 10, (batch,))
    optimizer = sgd(model)
    network = torch.compile(model) if arguments.compile else model

    def train(steps):
        for _ in range(steps):
            optimizer.zero_grad()
            loss(network(images), labels).backward()
            optimizer.step()

    train(10)  # warm-up
    images_per_second = []
    for _ in range(arguments.repetitions):
        steps = arguments.images // batch
        start = time.perf_counter()
        train(steps)
        images_per_second.append(steps * batch / (time.perf_counter() - start))
    return {"images_per_second": images_per_second, "median_images_per_second": statistics.median(images_per_second)}


def predictor():
    """Returns a function that classifies a batch."""
    model.eval()
    if arguments.engine == "pytorch":
        network = torch.compile(model) if arguments.compile else model
        return lambda images: network(images.to(memory_format=memory_format))
    with tempfile.NamedTemporaryFile(suffix=".onnx") as file:
        with contextlib.redirect_stdout(io.StringIO()):
            torch.onnx.export(
                model.to(memory_format=torch.contiguous_format), torch.rand(batch, *shape), file.name,
                input_names=["images"], dynamic_shapes=None, external_data=False)
        if arguments.engine == "onnxruntime":
            import onnxruntime

            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = arguments.threads
            session = onnxruntime.InferenceSession(file.name, options, providers=["CPUExecutionProvider"])
            return lambda images: session.run(None, {"images": images.numpy()})
        import openvino

        settings = {"INFERENCE_NUM_THREADS": arguments.threads, "INFERENCE_PRECISION_HINT": "f32"}
        compiled = openvino.Core().compile_model(openvino.Core().read_model(file.name), "CPU", settings)
        return lambda images: compiled(images.numpy())


def time_prediction():
    # The graph of a batch has a fixed size: 79 batches are more than 10,000 images, and the time is scaled.
    count = 10_000
    images = torch.rand(-(-count // batch) * batch, *shape)
    predict = predictor()
    with torch.inference_mode():
        for _ in range(3):  # warm-up
            predict(images[:batch])
        seconds = []
        for _ in range(arguments.repetitions):
            start = time.perf_counter()
            for part in images.split(batch):
                predict(part)
            seconds.append((time.perf_counter() - start) * count / len(images))
    return {"predict_seconds": seconds, "median_predict_seconds": statistics.median(seconds)}


def tensors(pixels, labels):
    images = torch.tensor(pixels, dtype=torch.float32).reshape(-1, *shape) / 255
    return images.to(memory_format=memory_format), torch.tensor(labels, dtype=torch.long)


def one_cycle(position):
    """The learning rate of Atelier's schedule of this name, as a fraction of the peak."""
    if position < 0.25:
        return 0.04 + 0.96 * position / 0.25
    return max(1e-4, (1 + math.cos(math.pi * (position - 0.25) / 0.75)) / 2)


def seconds_to_accuracy(seed, train, test):
    """Trains by the recipe of `atelier benchmark --to-accuracy`. Returns the seconds of training until the first epoch
    whose averaged weights reach the accuracy, or infinity, and the final accuracy."""
    torch.manual_seed(seed)
    (images, labels), (test_images, test_labels) = train, test
    trained = network()
    optimizer, steps = sgd(trained), len(images) // batch
    average = torch.optim.swa_utils.AveragedModel(
        trained, use_buffers=True,
        avg_fn=lambda past, value, step: value + (past - value) * min(0.99, (1 + step) / (10 + step)))
    elapsed, reached = 0.0, math.inf
    for epoch in range(arguments.epochs):
        start = time.perf_counter()
        order = torch.randperm(len(images))
        for step in range(steps):
            for group in optimizer.param_groups:
                group["lr"] = 0.08 * one_cycle((epoch * steps + step) / (arguments.epochs * steps))
            samples = order[step * batch:(step + 1) * batch]
            optimizer.zero_grad()
            loss(trained(images[samples]), labels[samples]).backward()
            optimizer.step()
            average.update_parameters(trained)
        elapsed += time.perf_counter() - start
        average.eval()
        with torch.inference_mode():
            parts = zip(test_images.split(1000), test_labels.split(1000))
            correct = sum((average(part).argmax(1) == answer).sum().item() for part, answer in parts)
        if correct / len(test_labels) >= arguments.to_accuracy:
            reached = min(reached, elapsed)
    return reached, correct / len(test_labels)


def time_to_accuracy():
    images, labels, test_images, test_labels = idx.load(arguments.data)
    (mean, deviation), train = (images.mean() / 255, images.std() / 255), tensors(images, labels)
    test = tensors(test_images, test_labels)
    train, test = [((pixels - mean) / deviation, answers) for pixels, answers in (train, test)]
    results = [seconds_to_accuracy(seed, train, test) for seed in range(5)]
    seconds, accuracies = zip(*results)
    return {"seconds": [statistics.median(seconds)], "accuracies": accuracies}


if arguments.to_accuracy:
    measured = time_to_accuracy()
else:
    measured = time_prediction() if arguments.predict else time_training()
print(json.dumps({
    "model": "cnn", "version": torch.__version__, "settings": vars(arguments), **measured,
    "peak_memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
}))
