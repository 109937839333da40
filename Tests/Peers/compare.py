"""Times Atelier and its peers alternately and prints medians and ratios as a Markdown table.

    python Tests/Peers/compare.py --atelier .build/release/atelier --repetitions 3

With --readme, the table also replaces the one in README.md, between its two `performance` comments.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys

PEERS = {
    # model: [(peer, script and options)]
    "cnn": [("PyTorch, channels last", ["cnn.py"]), ("PyTorch", ["cnn.py", "--memory-format", "contiguous_format"])],
    "forest": [
        ("scikit-learn-intelex", ["forest.py", "--engine", "intelex"]), ("scikit-learn", ["forest.py", "--engine", "sklearn"])],
    "extra-trees": [("scikit-learn", ["forest.py", "--model", "extra-trees", "--engine", "sklearn"])],
    "tree": [("scikit-learn", ["tree.py"])],
    "knn": [
        ("FAISS IndexFlatL2", ["knn.py", "--engine", "faiss"]), ("scikit-learn-intelex", ["knn.py", "--engine", "intelex"]),
        ("scikit-learn", ["knn.py", "--engine", "sklearn"])],
}

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--atelier", default=".build/release/atelier")
parser.add_argument("--models", default=",".join(PEERS))
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--repetitions", type=int, default=3)
parser.add_argument("--readme", action="store_true", help="replace the table in README.md")
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


WORK = {
    "cnn": "train the network, images/s",
    "forest": "fit 300 trees, s",
    "extra-trees": "fit 300 extra-trees, s",
    "tree": "fit one tree (entropy), s",
    "knn": "10,000 queries, k = 7, s",
}


def update_readme(lines):
    path = folder.parent.parent / "README.md"
    start, end = "<!-- performance: Tests/Peers/compare.py --readme -->\n", "<!-- end of performance -->"
    before, rest = path.read_text().split(start)
    after = rest.split(end)[1]
    path.write_text(before + start + "\n".join(lines) + "\n" + end + after)


lines = ["| work | Atelier | peer | | ratio |", "| --- | --- | --- | --- | --- |"]
print("\n".join(lines))
for model in arguments.models.split(","):
    peers = PEERS[model]
    own, others = [], {name: [] for name, _ in peers}
    for _ in range(arguments.repetitions):
        own.append(atelier(model))
        for name, command in peers:
            others[name].append(peer(model, command))
    for name, values in others.items():
        mine, theirs = statistics.median(own), statistics.median(values)
        ratio, digits = (mine / theirs, 0) if model == "cnn" else (theirs / mine, 2)
        lines.append(f"| {WORK[model]} | {mine:.{digits}f} | {name} | {theirs:.{digits}f} | {ratio:.1f}x |")
        print(lines[-1], flush=True)
if arguments.readme:
    update_readme(lines)
