"""Times grid searches against scikit-learn's GridSearchCV with two jobs: 10,000 training images, 3 folds.

    python Tests/Peers/sweep.py ATELIER [forest|knn|tree ...]

Reading the files is not timed.
"""

import json
import subprocess
import sys
import tempfile
import time

from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier

import idx

GRIDS = {
    "forest": (
        RandomForestClassifier(random_state=0),
        {"n_estimators": [100, 200, 300], "max_depth": [10, 20, None]},
        ["--trees", "100,200,300", "--max-depth", "10,20,none"],
    ),
    "knn": (
        KNeighborsClassifier(),
        {"n_neighbors": [3, 5, 7, 9, 11], "weights": ["uniform", "distance"]},
        ["--neighbors", "3,5,7,9,11", "--weights", "uniform,distance"],
    ),
    "tree": (
        DecisionTreeClassifier(random_state=0),
        {"criterion": ["gini", "entropy"], "max_depth": [10, 50, 100]},
        ["--criterion", "gini,entropy", "--max-depth", "10,50,100"],
    ),
}

atelier = sys.argv[1]
images, labels, _, _ = idx.load("/usr/share/datasets/fashion-mnist")
images, labels = images[:10000], labels[:10000]
for kind in sys.argv[2:] or GRIDS:
    model, grid, options = GRIDS[kind]
    start = time.time()
    folds = StratifiedKFold(3, shuffle=True, random_state=0)
    search = GridSearchCV(model, grid, cv=folds, n_jobs=2, refit=False).fit(images, labels)
    theirs = time.time() - start
    times = []
    for _ in range(3):
        with tempfile.TemporaryDirectory() as folder:
            command = [atelier, "sweep", kind, *options, "--folds", "3", "--images", "10000", "--no-refit", "--quiet"]
            out = subprocess.run([*command, "--json", "-"], cwd=folder, check=True, stdout=subprocess.PIPE).stdout
            report = json.loads(out)
            times.append(report["searchSeconds"])
    ours = sorted(times)[1]
    best = report["summary"]["rows"][0]["mean"]
    print(
        f"{kind}: scikit-learn {theirs:.1f} s, best {max(search.cv_results_['mean_test_score']):.4f}; "
        f"Atelier {ours:.2f} s, best {best:.4f}; {theirs / ours:.1f}x",
        flush=True,
    )
