"""Times a random forest of scikit-learn or scikit-learn-intelex, or the extra-trees of scikit-learn. Prints JSON.

    python Tests/Peers/forest.py --engine intelex --data /usr/share/datasets/fashion-mnist
"""

import argparse
import importlib.metadata
import json
import resource
import statistics
import time

import idx

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--model", choices=["forest", "extra-trees"], default="forest")
parser.add_argument("--engine", choices=["sklearn", "intelex"], default="intelex")
parser.add_argument("--data", default="/usr/share/datasets/fashion-mnist", help="folder with the four IDX files")
parser.add_argument("--trees", type=int, default=300)
parser.add_argument("--criterion", choices=["gini", "entropy"], default="gini", help="intelex supports gini only")
parser.add_argument("--max-depth", type=int)
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--repetitions", type=int, default=1)
arguments = parser.parse_args()

if arguments.model == "extra-trees":
    if arguments.engine != "sklearn":
        parser.error("extra-trees are compared with --engine sklearn")
    from sklearn.ensemble import ExtraTreesClassifier as Classifier
elif arguments.engine == "intelex":
    from sklearnex.ensemble import RandomForestClassifier as Classifier
else:
    from sklearn.ensemble import RandomForestClassifier as Classifier

train, train_labels, test, test_labels = idx.load(arguments.data)
fit_seconds, predict_seconds, accuracies = [], [], []
for seed in range(arguments.repetitions):
    forest = Classifier(
        arguments.trees, criterion=arguments.criterion, max_depth=arguments.max_depth, n_jobs=arguments.threads,
        random_state=seed)
    start = time.perf_counter()
    forest.fit(train, train_labels)
    fitted = time.perf_counter()
    accuracies.append(float((forest.predict(test) == test_labels).mean()))
    fit_seconds.append(fitted - start)
    predict_seconds.append(time.perf_counter() - fitted)

print(json.dumps({
    "model": arguments.model,
    "engine": arguments.engine,
    "version": importlib.metadata.version(
        {"intelex": "scikit-learn-intelex", "sklearn": "scikit-learn"}[arguments.engine]),
    "settings": vars(arguments),
    "fit_seconds": fit_seconds,
    "median_fit_seconds": statistics.median(fit_seconds),
    "median_predict_seconds": statistics.median(predict_seconds),
    "accuracy": accuracies,
    "peak_memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
}))
