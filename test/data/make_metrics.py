#!/usr/bin/env python3
"""Makes metrics.csv: error metrics of maps given by formulas, by scikit-image, scikit-learn and NumPy.

    python3 test/data/make_metrics.py > test/data/metrics.csv      (pip install numpy scikit-image scikit-learn)

The maps are written down in maps() here, in test/unit/test_metrics.c and in test/sql/metrics.sql, exactly representable as floats.
"""
import sys

import numpy as np
from skimage.metrics import structural_similarity
from sklearn.metrics import (f1_score, mean_absolute_error, mean_squared_error, precision_score, r2_score, recall_score)

# columns, rows, modulus and remainders of the cells that are measured, of those that are predicted, window, least pairs, threshold
CASES = [
    ("full", 40, 30, 1, 1, 1, 7, 49, -90.0),
    ("full with a window of 11", 40, 30, 1, 1, 1, 11, 121, -85.0),
    ("half", 40, 30, 10, 7, 9, 7, 25, -90.0),
    ("sparse", 64, 48, 20, 3, 19, 7, 8, -90.0),
    ("few in each window", 64, 48, 20, 3, 19, 7, 25, -90.0),
    ("one column", 1, 50, 3, 2, 3, 7, 25, -80.0),
]
RANGE_DB = 96.0


def maps(columns, rows, modulus, measured_below, predicted_below):
    j, i = np.meshgrid(np.arange(columns), np.arange(rows))
    predicted = -60 - 0.5 * ((i * 37 + j * 101 + i * j) % 97)
    measured = predicted + 0.5 * ((i * 53 + j * 29) % 31 - 15)
    has_measured = (i * i + 3 * j + i * j) % modulus < measured_below
    has_predicted = (5 * i + j * j) % modulus < predicted_below
    return predicted, measured, has_predicted, has_measured


def sparse_ssim(predicted, measured, both, window, least):
    c1, c2 = (0.01 * RANGE_DB) ** 2, (0.03 * RANGE_DB) ** 2
    values = []
    for top in range(both.shape[0] - window + 1):
        for left in range(both.shape[1] - window + 1):
            cut = np.s_[top:top + window, left:left + window]
            x, y = predicted[cut][both[cut]], measured[cut][both[cut]]
            if len(x) < least:
                continue
            c = np.cov(x, y)
            values.append((2 * x.mean() * y.mean() + c1) * (2 * c[0, 1] + c2)
                          / ((x.mean() ** 2 + y.mean() ** 2 + c1) * (c[0, 0] + c[1, 1] + c2)))
    return (np.mean(values) if values else np.nan), len(values)


def main():
    print("case,columns,rows,modulus,measured_below,predicted_below,window,least,threshold,cells,measured_only,predicted_only,"
          "rmse,mae,bias,pcc,smape,r2,precision,recall,f1,ssim,windows")
    for name, columns, rows, modulus, measured_below, predicted_below, window, least, threshold in CASES:
        predicted, measured, has_predicted, has_measured = maps(columns, rows, modulus, measured_below, predicted_below)
        both = has_predicted & has_measured
        p, m = predicted[both], measured[both]
        ssim, windows = sparse_ssim(predicted, measured, both, window, least)
        if both.all() and min(columns, rows) >= window:
            library = structural_similarity(predicted, measured, win_size=window, data_range=RANGE_DB, full=True)[1]
            pad = window // 2
            library = library[pad:-pad, pad:-pad].mean()
            assert abs(library - ssim) < 1e-12, (library, ssim)
            ssim = library
        hole = dict(y_true=m < threshold, y_pred=p < threshold, zero_division=np.nan)
        figures = [np.sqrt(mean_squared_error(m, p)), mean_absolute_error(m, p), np.mean(p - m), np.corrcoef(p, m)[0, 1],
                   np.mean(np.abs(p - m) / (np.abs(p) + np.abs(m) + 1e-8)), r2_score(m, p), precision_score(**hole),
                   recall_score(**hole), f1_score(**hole), ssim]
        print(",".join([name, *map(str, (columns, rows, modulus, measured_below, predicted_below, window, least, threshold, both.sum(),
              (has_measured & ~has_predicted).sum(), (has_predicted & ~has_measured).sum())), *("%.15g" % f for f in figures), str(windows)]))


if __name__ == "__main__":
    sys.exit(main())
