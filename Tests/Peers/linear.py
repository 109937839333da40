"""Times scikit-learn's logistic regression until it converges. Prints JSON.

    python Tests/Peers/linear.py --images 10000 --c 1
"""

import argparse
import json
import resource
import statistics
import time

import idx
import numpy as np
import sklearn
from sklearn.linear_model import LogisticRegression

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--data", default="/usr/share/datasets/fashion-mnist", help="folder with the four IDX files")
parser.add_argument("--images", type=int, help="number of training images (default: all)")
parser.add_argument("--c", type=float, default=0.01)
parser.add_argument("--solver", default="lbfgs")
parser.add_argument("--tolerance", type=float, default=1e-4)
parser.add_argument("--repetitions", type=int, default=1)
arguments = parser.parse_args()

train, train_labels, test, test_labels = idx.load(arguments.data)
train, train_labels = train[: arguments.images] / np.float32(255), train_labels[: arguments.images]
seconds, accuracies, objectives = [], [], []
for _ in range(arguments.repetitions):
    model = LogisticRegression(
        C=arguments.c, solver=arguments.solver, tol=arguments.tolerance, max_iter=100_000, random_state=0)
    start = time.perf_counter()
    model.fit(train, train_labels)
    seconds.append(time.perf_counter() - start)
    accuracies.append(float((model.predict(test / np.float32(255)) == test_labels).mean()))
    losses = -model.predict_log_proba(train)[np.arange(len(train)), train_labels]
    objectives.append(float((model.coef_.astype(float) ** 2).sum() / 2 + arguments.c * losses.sum(dtype=float)))

print(json.dumps({
    "model": "linear",
    "version": sklearn.__version__,
    "settings": vars(arguments),
    "fit_seconds": seconds,
    "median_fit_seconds": statistics.median(seconds),
    "accuracy": accuracies,
    "objective": objectives,
    "peak_memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
}))
