"""Times exact nearest neighbours of the 10000 test images among the 60000 training images.

    python Tests/Peers/knn.py --threads 2 --repetitions 3 --json knn.json
"""
import argparse

import faiss
import numpy as np
from sklearn.neighbors import KNeighborsClassifier
from timing import fashion_mnist, measure, report


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--neighbors", type=int, default=7)
    parser.add_argument("--peers", default="faiss,sklearn,intelex", help="which to time")
    parser.add_argument("--json")
    options = parser.parse_args()
    train, labels, test, truth = fashion_mnist()
    train, test = train.astype(np.float32), test.astype(np.float32)
    faiss.omp_set_num_threads(options.threads)
    rows = []

    def accuracy(neighbors):
        votes = np.apply_along_axis(np.bincount, 1, labels[neighbors], minlength=10)
        return float((votes.argmax(1) == truth).mean())

    def time_faiss(work, name, metric):
        found = []

        def search():
            index = faiss.IndexFlat(train.shape[1], metric)
            index.add(train)
            found[:] = [index.search(test, options.neighbors)[1]]

        seconds = measure(search, options.repetitions)
        rows.append({"work": work, "peer": name, "seconds": seconds, "accuracy": accuracy(found[0])})

    def time_classifier(name, classifier):
        predictions = []

        def run():
            model = classifier(n_neighbors=options.neighbors, algorithm="brute", n_jobs=options.threads)
            predictions[:] = [model.fit(train, labels).predict(test)]

        seconds = measure(run, options.repetitions)
        rows.append(
            {"work": "knn euclidean", "peer": name, "seconds": seconds, "accuracy": float((predictions[0] == truth).mean())})

    chosen = options.peers.split(",")
    if "faiss" in chosen:
        time_faiss("knn euclidean", "FAISS IndexFlatL2", faiss.METRIC_L2)
        time_faiss("knn manhattan", "FAISS IndexFlat L1", faiss.METRIC_L1)
    if "sklearn" in chosen:
        time_classifier("scikit-learn", KNeighborsClassifier)
    if "intelex" in chosen:
        from sklearnex.neighbors import KNeighborsClassifier as Patched

        time_classifier("scikit-learn-intelex", Patched)
    report(rows, options.json)


if __name__ == "__main__":
    main()
