"""Times Atelier and its peers alternately and prints medians and ratios as a Markdown table.

    python Tests/Peers/compare.py --atelier .build/release/atelier --repetitions 3
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys

PEERS = {
    # model: (unit, [(peer, script and options)])
    "cnn": ("images/s", [
        ("PyTorch, channels last", ["cnn.py"]), ("PyTorch", ["cnn.py", "--memory-format", "contiguous_format"])]),
    "forest": ("fit s", [
        ("scikit-learn-intelex", ["forest.py", "--engine", "intelex"]),
        ("scikit-learn", ["forest.py", "--engine", "sklearn"])]),
    "tree": ("fit s", [("scikit-learn", ["tree.py"])]),
    "knn": ("fit and predict s", [
        ("FAISS IndexFlatL2", ["knn.py", "--engine", "faiss"]),
        ("scikit-learn-intelex", ["knn.py", "--engine", "intelex"]),
        ("scikit-learn", ["knn.py", "--engine", "sklearn"])]),
}

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--atelier", default=".build/release/atelier")
parser.add_argument("--models", default=",".join(PEERS))
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--repetitions", type=int, default=3)
arguments = parser.parse_args()
folder = pathlib.Path(__file__).parent


def run(command):
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


def atelier(model):
    result = run([
        arguments.atelier, "benchmark", "--quiet", "--models", model, "--repetitions", "1",
        "--threads", str(arguments.threads), "--json", "-"])[0]
    sample = result["samples"][0]
    if model == "cnn":
        return sample["fitImagesPerSecond"]
    return sample["fitSeconds"] + (sample["predictSeconds"] if model == "knn" else 0)


def peer(model, command):
    # scikit-learn trains a single tree in one thread.
    threads = [] if model == "tree" else ["--threads", str(arguments.threads)]
    result = run([sys.executable, str(folder / command[0]), *command[1:], *threads])
    name = {"cnn": "images_per_second", "knn": "predict_seconds"}.get(model, "fit_seconds")
    return result[name][0]


print("| model | compared | Atelier | peer | | ratio |\n| --- | --- | --- | --- | --- | --- |")
for model in arguments.models.split(","):
    unit, peers = PEERS[model]
    own, others = [], {name: [] for name, _ in peers}
    for _ in range(arguments.repetitions):
        own.append(atelier(model))
        for name, command in peers:
            others[name].append(peer(model, command))
    for name, values in others.items():
        mine, theirs = statistics.median(own), statistics.median(values)
        ratio = mine / theirs if model == "cnn" else theirs / mine
        print(f"| {model} | {unit} | {mine:.2f} | {name} | {theirs:.2f} | {ratio:.1f}x |", flush=True)
