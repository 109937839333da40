"""Times a decision tree of scikit-learn. Prints JSON. (scikit-learn-intelex has no decision tree.)

    python Tests/Peers/tree.py --data /usr/share/datasets/fashion-mnist
"""

import argparse
import json
import resource
import statistics
import time

import idx
import sklearn
from sklearn.tree import DecisionTreeClassifier

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--data", default="/usr/share/datasets/fashion-mnist", help="folder with the four IDX files")
parser.add_argument("--criterion", choices=["gini", "entropy"], default="entropy")
parser.add_argument("--max-depth", type=int)
parser.add_argument("--repetitions", type=int, default=1)
arguments = parser.parse_args()

train, train_labels, test, test_labels = idx.load(arguments.data)
fit_seconds, predict_seconds, accuracies = [], [], []
for seed in range(arguments.repetitions):
    tree = DecisionTreeClassifier(criterion=arguments.criterion, max_depth=arguments.max_depth, random_state=seed)
    start = time.perf_counter()
    tree.fit(train, train_labels)
    fitted = time.perf_counter()
    accuracies.append(float((tree.predict(test) == test_labels).mean()))
    fit_seconds.append(fitted - start)
    predict_seconds.append(time.perf_counter() - fitted)

print(json.dumps({
    "model": "tree",
    "engine": "sklearn",
    "version": sklearn.__version__,
    "settings": vars(arguments),
    "fit_seconds": fit_seconds,
    "median_fit_seconds": statistics.median(fit_seconds),
    "median_predict_seconds": statistics.median(predict_seconds),
    "accuracy": accuracies,
    "peak_memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
}))
