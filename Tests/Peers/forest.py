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
parser.add_argument("--onnx", action="store_true", help="also time the prediction by onnxruntime, with sklearn")
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


def onnx_predictor(forest):
    import onnxruntime
    from skl2onnx import to_onnx

    graph = to_onnx(forest, train[:1].astype("float32"), options={"zipmap": False})
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = arguments.threads
    session = onnxruntime.InferenceSession(graph.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return lambda images: session.run(["label"], {"X": images.astype("float32")})[0]


train, train_labels, test, test_labels = idx.load(arguments.data)
fit_seconds, predict_seconds, accuracies, onnx_seconds = [], [], [], []
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
    peak_memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if arguments.onnx:
        predict = onnx_predictor(forest)
        start = time.perf_counter()
        predict(test)
        onnx_seconds.append(time.perf_counter() - start)

print(json.dumps({
    "model": arguments.model,
    "engine": arguments.engine,
    "version": importlib.metadata.version("scikit-learn-intelex" if arguments.engine == "intelex" else "scikit-learn"),
    "settings": vars(arguments),
    "fit_seconds": fit_seconds,
    "median_fit_seconds": statistics.median(fit_seconds),
    "predict_seconds": predict_seconds,
    "median_predict_seconds": statistics.median(predict_seconds),
    "accuracy": accuracies,
    "onnx_predict_seconds": onnx_seconds,
    "peak_memory_mib": peak_memory,
}))
