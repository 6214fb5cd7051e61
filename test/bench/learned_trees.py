"""Boosted trees (LightGBM) on the table of test/accuracy/learned/extract.c: a yardstick for the networks, and nothing more.

learned_trees.py TABLE SPLIT OUTPUT GROUPS [ROUNDS]   (test/accuracy/run_learned calls it, where LightGBM is)
SPLIT is what `learned --split` wrote; OUTPUT gets a float for every row, NaN where nothing is judged.  Trees correct the linear model, as the networks do.
TABLE.traced, where it is there, is one more column of group 6.
"""
import os
import sys

import lightgbm
import numpy

FACTS, LEVEL, LEARNS, JUDGED = 11, 6, 1, 2
table, split, output, groups = sys.argv[1:5]
rounds = int(sys.argv[5]) if len(sys.argv) > 5 else 250

columns = [line.split() for line in open(table + ".columns")]
width = FACTS + len(columns)
rows = numpy.fromfile(table + ".values", dtype="f4")
rows = rows[: len(rows) // width * width].reshape(-1, width)
if os.path.exists(table + ".traced"):
	rows = numpy.column_stack([rows, numpy.fromfile(table + ".traced", dtype="f4")])
	columns.append(["traced", "6"])
chosen = FACTS + numpy.array([i for i, (_, group) in enumerate(columns) if group in groups])
level, inputs = rows[:, LEVEL], rows[:, chosen]

folds = len(split_bytes := open(split, "rb").read()) // (5 * len(rows))
use = numpy.frombuffer(split_bytes, "u1", folds * len(rows)).reshape(folds, -1)
linear = numpy.frombuffer(split_bytes, "f4", folds * len(rows), folds * len(rows)).reshape(folds, -1)

forecast = numpy.full(len(rows), numpy.nan, "f4")
settings = dict(objective="l2", learning_rate=0.1, num_leaves=63, min_data_in_leaf=400, feature_fraction=0.5, bagging_fraction=0.6,
	bagging_freq=1, lambda_l2=10, num_threads=1, seed=1, verbose=-1)
for fold in range(folds):
	learns, judged = use[fold] == LEARNS, use[fold] == JUDGED
	trees = lightgbm.train(settings, lightgbm.Dataset(inputs[learns], (level - linear[fold])[learns]), rounds)
	forecast[judged] = linear[fold][judged] + trees.predict(inputs[judged], num_threads=1)
forecast.tofile(output)
