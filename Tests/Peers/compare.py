"""Times Atelier and its peers alternately and prints medians and ratios as a Markdown table.

    python Tests/Peers/compare.py --atelier .build/release/atelier --repetitions 5

The work `accuracy` trains with five seeds until a test accuracy of 92 %, once, and prints median seconds. With
--readme, the measured works also replace their rows in README.md, between its two `performance` comments. Peak memory
is that of the whole process, with the data.
"""

import argparse
import dataclasses
import functools
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

import numpy

@dataclasses.dataclass
class Work:
    title: str
    # The arguments of `atelier train`, and the measured number of its result.
    options: list
    key: str
    # The peers: their scripts with arguments, and the measured numbers.
    peers: dict
    # Environment variables of both sides.
    environment: dict = dataclasses.field(default_factory=dict)


# Like the peers, the network classifies no validation images between the epochs.
TRAINING = ["cnn", "--epochs", "1", "--validation", "0"]
# The networks: the options of both sides.
NETWORKS = {
    "cnn": ([], []),
    "wide cnn": (["--filters", "256,256,256"], ["--filters", "256,256,256"]),
    "color cnn": (["--data", "{color}"], ["--shape", "3,32,32"]),
}
AVX2 = {"ATELIER_ISA": "avx2", "ATEN_CPU_CAPABILITY": "avx2", "DNNL_MAX_CPU_ISA": "AVX2"}


def training_peers(options):
    script = ["cnn.py", *options]
    return {
        "PyTorch, channels last": (script, "images_per_second"),
        "PyTorch, channels last, compiled": ([*script, "--compile"], "images_per_second"),
    }


def prediction_peers():
    engines = {"PyTorch, channels last": "pytorch", "onnxruntime": "onnxruntime", "OpenVINO": "openvino"}
    return {name: (["cnn.py", "--predict", "--engine", engine], "predict_seconds") for name, engine in engines.items()}


INTELEX_FOREST = ["forest.py", "--engine", "intelex"]
SKLEARN_FOREST = ["forest.py", "--engine", "sklearn", "--onnx"]

WORKS = {
    name: Work(
        f"train the {name.replace('cnn', 'network')}, images/s", [*TRAINING, *own], "images",
        training_peers(theirs))
    for name, (own, theirs) in NETWORKS.items()
}
WORKS |= {
    "cnn-avx2": Work(
        "train the network with AVX2, images/s", TRAINING, "images",
        # The compiled network fails with AVX2 (torch 2.13: an index is out of bounds).
        {"PyTorch, channels last": training_peers([])["PyTorch, channels last"]}, AVX2),
    "cnn-predict": Work(
        "classify 10,000 images by the network, s", TRAINING, "testSeconds", prediction_peers()),
    "forest": Work(
        "fit 300 trees, s", ["forest", "--trees", "300"], "fitSeconds",
        {"scikit-learn-intelex": (INTELEX_FOREST, "fit_seconds"), "scikit-learn": (SKLEARN_FOREST, "fit_seconds")}),
    "forest-predict": Work(
        "classify 10,000 images by 300 trees, s", ["forest", "--trees", "300"], "testSeconds",
        {
            "scikit-learn-intelex": (INTELEX_FOREST, "predict_seconds"),
            "scikit-learn": (SKLEARN_FOREST, "predict_seconds"),
            "onnxruntime": (SKLEARN_FOREST, "onnx_predict_seconds"),
        }),
    "extra-trees": Work(
        "fit 300 extra-trees, s", ["extra-trees", "--trees", "300"], "fitSeconds",
        {"scikit-learn": (["forest.py", "--model", "extra-trees", "--engine", "sklearn"], "fit_seconds")}),
    "tree": Work(
        "fit one tree (entropy), s", ["tree", "--criterion", "entropy"], "fitSeconds",
        {"scikit-learn": (["tree.py"], "fit_seconds")}),
    "knn": Work(
        "10,000 queries, k = 7, Euclidean, s", ["knn", "--neighbors", "7"], "testSeconds",
        {
            "FAISS IndexFlatL2": (["knn.py", "--engine", "faiss"], "predict_seconds"),
            "scikit-learn-intelex": (["knn.py", "--engine", "intelex"], "predict_seconds"),
            "scikit-learn": (["knn.py", "--engine", "sklearn"], "predict_seconds"),
        }),
    "knn-manhattan": Work(
        "10,000 queries, k = 7, Manhattan, s", ["knn", "--neighbors", "7", "--metric", "manhattan"], "testSeconds",
        {"FAISS L1": (["knn.py", "--engine", "faiss", "--metric", "manhattan"], "predict_seconds")}),
    "linear": Work(
        "fit a linear model, s", ["linear", "--inverse-regularization", "0.01", "--tolerance", "0.0001"], "fitSeconds",
        {"scikit-learn": (["linear.py"], "fit_seconds")}),
}

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--atelier", default=".build/release/atelier")
parser.add_argument("--works", default=",".join([*WORKS, "accuracy"]), help=f"of {', '.join(WORKS)}, accuracy")
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--repetitions", type=int, default=5)
parser.add_argument("--readme", action="store_true", help="replace these works in README.md")
arguments = parser.parse_args()
folder = pathlib.Path(__file__).parent


def write_color_images(path):
    """Writes a data set of random images of 32x32 pixels and three channels, as IDX files."""
    random = numpy.random.default_rng(0)
    for name, count in [("train", 12800), ("t10k", 100)]:
        images = random.integers(0, 256, (count, 32, 32, 3), dtype=numpy.uint8)
        labels = random.integers(0, 10, count, dtype=numpy.uint8)
        for kind, array in [("images-idx4", images), ("labels-idx1", labels)]:
            header = bytes([0, 0, 8, array.ndim]) + numpy.array(array.shape, ">u4").tobytes()
            (path / f"{name}-{kind}-ubyte").write_bytes(header + array.tobytes())


@functools.cache
def run(command, environment, repetition):
    """Runs a command. Returns the printed result. Works with the same command share its runs."""
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=os.environ | dict(environment)).stdout
    return json.loads(output)


def atelier(*options, environment={}, repetition=0):
    command = [str(pathlib.Path(arguments.atelier).resolve()), *options, "--threads", str(arguments.threads)]
    return run((*command, "--quiet", "--json", "-"), tuple(environment.items()), repetition)


def own(work, data, repetition):
    """Trains and tests a model. Returns the printed result, with the images per second of a network."""
    options = [option.format(color=data) for option in work.options]
    result = atelier(
        "train", *options, "--output", f"{data}/model", environment=work.environment, repetition=repetition)
    if options[0] == "cnn":
        images = 12800 if str(data) in options else 60000
        trained = int(images * (1 - float(result["settings"]["validation"]))) // 128 * 128
        result["images"] = trained / result["fitSeconds"]
    return result


def peer(command, key, environment={}, repetition=0):
    """Runs the script of a peer. Returns the measured number, and the peak memory in MiB."""
    # scikit-learn trains a single tree, and a linear model, in one process.
    threads = [] if command[0] in ("tree.py", "linear.py") else ["--threads", str(arguments.threads)]
    result = run(
        (sys.executable, str(folder / command[0]), *command[1:], *threads), tuple(environment.items()), repetition)
    return result[key][0] if isinstance(result[key], list) else result[key], result["peak_memory_mib"]


def time_to_accuracy(data):
    """Returns a row: median seconds of training to an accuracy, with five seeds."""
    result = atelier("benchmark", "--to-accuracy", "0.92")
    settings = pathlib.Path(data) / "accuracy.json"
    settings.write_text(json.dumps(result))
    seconds, memory = peer(["accuracy.py", "--settings", str(settings)], "median_seconds_to_target")
    mine = result.get("medianSeconds")

    def text(value):
        return f"{value:.1f}" if value else "not reached"

    ratio = ratio_text(seconds / mine) if seconds and mine else ""
    title = "train to an accuracy of 92 %, s"
    return f"| {title} | {text(mine)} | | PyTorch, channels last | {text(seconds)} | {memory:.0f} | {ratio} |"


def ratio_text(ratio):
    return f"{ratio:.3g}x"


def measure(works, data):
    """Times works that share the runs of Atelier, in turns with the peers of all of them. Returns their rows."""
    samples = [([], {peer_name: [] for peer_name in work.peers}) for work in works]
    for repetition in range(arguments.repetitions):
        for work, (mine, others) in zip(works, samples):
            result = own(work, data, repetition)
            mine.append((result[work.key], result["peakBytes"] / 2**20))
            for peer_name, (command, key) in work.peers.items():
                others[peer_name].append(peer(command, key, work.environment, repetition))
    rows = []
    for work, (mine, others) in zip(works, samples):
        number, memory = (statistics.median(column) for column in zip(*mine))
        for peer_name, values in others.items():
            theirs, peer_memory = (statistics.median(column) for column in zip(*values))
            ratio, digits = (number / theirs, 0) if work.key == "images" else (theirs / number, 2)
            rows.append(
                f"| {work.title} | {number:.{digits}f} | {memory:.0f} | {peer_name} | {theirs:.{digits}f} "
                f"| {peer_memory:.0f} | {ratio_text(ratio)} |")
    return rows


def update_readme(rows):
    """Replaces the rows of the measured works in the table of README.md, and keeps the others."""
    path = folder.parent.parent / "README.md"
    start, end = "<!-- performance: Tests/Peers/compare.py --readme -->\n", "<!-- end of performance -->"
    before, rest = path.read_text().split(start)
    table, after = rest.split(end)
    measured = {title(row) for row in rows}
    rows = [row for row in table.splitlines()[len(HEADER):] if title(row) not in measured] + rows
    order = [work.title for work in WORKS.values()]
    rows.sort(key=lambda row: order.index(title(row)) if title(row) in order else len(order))
    path.write_text(before + start + "\n".join(HEADER + rows) + "\n" + end + after)


def title(row):
    return row.split("|")[1].strip()


HEADER = ["| work | Atelier | MiB | peer | | MiB | ratio |", "| --- | --- | --- | --- | --- | --- | --- |"]
names = arguments.works.split(",")
groups = {}
for name in names:
    if name != "accuracy":
        groups.setdefault((tuple(WORKS[name].options), tuple(WORKS[name].environment.items())), []).append(WORKS[name])
rows = []
print("\n".join(HEADER), flush=True)
with tempfile.TemporaryDirectory() as data:
    write_color_images(pathlib.Path(data))
    for works in groups.values():
        rows += measure(works, data)
        print("\n".join(rows[-sum(len(work.peers) for work in works):]), flush=True)
    if "accuracy" in names:
        rows.append(time_to_accuracy(data))
        print(rows[-1], flush=True)
if arguments.readme:
    update_readme(rows)
