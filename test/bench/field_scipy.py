#!/usr/bin/env python3
"""Local kriging of a map by SciPy and NumPy: the same statistic as the engine's, on the same points, and how long each takes.

    make bench && build/bench/bench_field same FOLDER && OMP_NUM_THREADS=1 python3 test/bench/field_scipy.py FOLDER

bench_field writes points, covariance, its own map and its processor time; this program makes the map anew and prints processor times of one
core, their ratio, and the largest difference of the two maps. As the engine does it: places of one square of 20 m share the 28 nearest
points of its middle; covariances are two exponentials and a nugget; each square's system is factored once. All squares go through LAPACK in
batches, no loop is Python's.
"""
import pathlib
import sys
import time

import numpy as np
from scipy.spatial import cKDTree

BLOCK_M, NEIGHBOURS, BATCH = 20.0, 28, 1024
HEADER = ["side", "points", "nugget", "sill0", "sill1", "sill2", "range0", "range1", "range2", "seconds"]


def read(path):
    data = np.fromfile(path)
    head = dict(zip(HEADER, data[:len(HEADER)]))
    points, cells = int(head["points"]), int(head["side"]) ** 2
    at = len(HEADER)
    table = data[at:at + 4 * points].reshape(points, 4)
    maps = data[at + 4 * points:].reshape(2, 2, cells)
    return head, table, maps[0], maps[1]


def covariance(head, distance):
    total = 0.0
    for j in range(3):
        if head[f"sill{j}"] > 0:
            total = total + head[f"sill{j}"] * np.exp(-distance / head[f"range{j}"])
    return total


def krige(head, table, places):
    place, value, weight = table[:, :2], table[:, 2], table[:, 3]
    block = np.floor(places / BLOCK_M).astype(int)
    order = np.lexsort((block[:, 0], block[:, 1]))
    starts = np.flatnonzero(np.r_[True, np.any(np.diff(block[order], axis=0) != 0, axis=1)])
    size = len(places) // len(starts)
    order = order.reshape(-1, size)         # grids whose squares hold equally many cells
    middle = (block[order[:, 0]] + 0.5) * BLOCK_M
    _, nearest = cKDTree(place).query(middle, k=NEIGHBOURS)
    mean, variance = np.empty(len(places)), np.empty(len(places))
    sill = head["sill0"] + head["sill1"] + head["sill2"]
    for begin in range(0, len(order), BATCH):
        number, cell = nearest[begin:begin + BATCH], order[begin:begin + BATCH]
        x = place[number]
        matrix = covariance(head, np.linalg.norm(x[:, :, None, :] - x[:, None, :, :], axis=-1))
        diagonal = np.arange(NEIGHBOURS)
        matrix[:, diagonal, diagonal] += head["nugget"] / weight[number]
        right = covariance(head, np.linalg.norm(x[:, :, None, :] - places[cell][:, None, :, :], axis=-1))
        solved = np.linalg.solve(matrix, right)
        mean[cell] = np.einsum("bnt,bn->bt", solved, value[number])
        variance[cell] = sill - np.einsum("bnt,bnt->bt", solved, right)
    return mean, variance


def main():
    print("%8s %8s %12s %12s %8s %22s" % ("cells", "points", "engine, s", "SciPy, s", "ratio", "largest difference, dB"))
    for path in sorted(pathlib.Path(sys.argv[1]).glob("*.field"), key=lambda p: p.stat().st_size):
        head, table, places, found = read(path)
        begin = time.process_time()
        mean, _ = krige(head, table, places.T)
        seconds = time.process_time() - begin
        print("%6d^2 %8d %12.3f %12.3f %8.1f %22.1e" % (head["side"], head["points"], head["seconds"], seconds,
                                                         seconds / head["seconds"], abs(mean - found[0]).max()))


if __name__ == "__main__":
    main()
