"""Times a network of `atelier train cnn` in PyTorch: training on random images, or prediction. Prints JSON.

    python Tests/Peers/cnn.py --threads 2
    python Tests/Peers/cnn.py --predict --engine onnxruntime
"""

import argparse
import contextlib
import io
import json
import resource
import statistics
import tempfile
import time

import torch
from pytorch_network import network
from torch import nn

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--predict", action="store_true", help="time the prediction of 10,000 images instead")
parser.add_argument("--engine", choices=["pytorch", "onnxruntime", "openvino"], default="pytorch", help="for --predict")
parser.add_argument("--memory-format", choices=["channels_last", "contiguous_format"], default="channels_last")
parser.add_argument("--compile", action="store_true", help="use torch.compile")
parser.add_argument("--filters", default="64,128,256")
parser.add_argument("--shape", default="1,28,28", help="channels, height, width")
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--repetitions", type=int, default=1)
parser.add_argument("--images", type=int, default=6400, help="number of images per repetition of the training")
arguments = parser.parse_args()

torch.set_num_threads(arguments.threads)
torch.manual_seed(0)
memory_format = getattr(torch, arguments.memory_format)
batch = 128
shape = [int(number) for number in arguments.shape.split(",")]
filters = [int(number) for number in arguments.filters.split(",")]
model = network(filters, shape).to(memory_format=memory_format)


def time_training():
    images = torch.rand(batch, *shape).to(memory_format=memory_format)
    labels = torch.randint(0, 10, (batch,))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, nesterov=True, weight_decay=5e-4)
    loss = nn.CrossEntropyLoss(label_smoothing=0.05)
    trained = torch.compile(model) if arguments.compile else model

    def train(steps):
        for _ in range(steps):
            optimizer.zero_grad()
            loss(trained(images), labels).backward()
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
        predictor = torch.compile(model) if arguments.compile else model
        return lambda images: predictor(images.to(memory_format=memory_format))
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


measured = time_prediction() if arguments.predict else time_training()
print(json.dumps({
    "model": "cnn", "version": torch.__version__, "settings": vars(arguments), **measured,
    "peak_memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
}))
