"""Times the search for the exact nearest training images of the test images. Prints JSON.

    python Tests/Peers/knn.py --engine faiss --metric euclidean --threads 2
"""

import argparse
import json
import resource
import statistics
import time

import idx
import numpy as np

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--engine", choices=["faiss", "sklearn", "intelex"], default="faiss")
parser.add_argument("--metric", choices=["euclidean", "manhattan"], default="euclidean")
parser.add_argument("--neighbors", type=int, default=7)
parser.add_argument("--data", default="/usr/share/datasets/fashion-mnist", help="folder with the four IDX files")
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--repetitions", type=int, default=1)
arguments = parser.parse_args()

train, train_labels, test, test_labels = (np.asarray(part) for part in idx.load(arguments.data))
train, test = train.astype(np.float32), test.astype(np.float32)
if arguments.engine == "faiss":
    import faiss as library

    library.omp_set_num_threads(arguments.threads)
else:
    import sklearn as library

    if arguments.engine == "intelex":
        from sklearnex.neighbors import KNeighborsClassifier
    else:
        from sklearn.neighbors import KNeighborsClassifier


def predict():
    if arguments.engine == "faiss":
        metric = library.METRIC_L2 if arguments.metric == "euclidean" else library.METRIC_L1
        index = library.IndexFlat(train.shape[1], metric)
        index.add(train)
        _, neighbors = index.search(test, arguments.neighbors)
        return np.apply_along_axis(np.bincount, 1, train_labels[neighbors], minlength=10).argmax(1)
    model = KNeighborsClassifier(
        arguments.neighbors, algorithm="brute", metric=arguments.metric, n_jobs=arguments.threads)
    return model.fit(train, train_labels).predict(test)


seconds, accuracies = [], []
for _ in range(arguments.repetitions):
    start = time.perf_counter()
    predictions = predict()
    seconds.append(time.perf_counter() - start)
    accuracies.append(float((predictions == test_labels).mean()))

print(json.dumps({
    "model": "knn",
    "engine": arguments.engine,
    "version": library.__version__,
    "settings": vars(arguments),
    "predict_seconds": seconds,
    "median_predict_seconds": statistics.median(seconds),
    "accuracy": accuracies,
    "peak_memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
}))
