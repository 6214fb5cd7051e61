"""The exact paths of bench_paths by Sionna RT, timed: rays, paths found, clock milliseconds of the best call on a compiled scene.

Usage: paths_peer.py [RAYS ...]   (default: 1e5 1e6 1e7), from the repository's root.  Needs sionna-rt 2.2.0; DRJIT_LIBLLVM_PATH names LLVM 19.
"""
import csv
import sys
import time

import numpy as np
from sionna.rt import PathSolver, PlanarArray, Receiver, Transmitter, load_scene
from sionna.rt import scene as scenes

CALLS = 5
# Where the scene's origin lies in the coordinates of the file.
EAST, NORTH = 691704.5 - 8.5, 5334744.0 - 21


def main():
    efforts = [int(float(r)) for r in sys.argv[1:]] or [100000, 1000000, 10000000]
    scene = load_scene(scenes.munich, merge_shapes=False)
    scene.frequency = 3.5e9
    scene.tx_array = PlanarArray(num_rows=1, num_cols=1, pattern="iso", polarization="V")
    scene.rx_array = PlanarArray(num_rows=1, num_cols=1, pattern="iso", polarization="V")
    scene.add(Transmitter("transmitter", position=[8.5, 21, 27]))
    with open("test/data/munich_paths.csv", newline="") as file:
        receivers = {row["receiver_id"]: (float(row["rx_x"]) - EAST, float(row["rx_y"]) - NORTH, float(row["rx_z"])) for row in csv.DictReader(file)}
    for number, place in receivers.items():
        scene.add(Receiver(f"receiver {number}", position=list(place)))
    solver = PathSolver()
    print(f"{len(receivers)} receivers\n    rays  paths      ms")
    for rays in efforts:
        times = []
        for _ in range(CALLS + 1):
            begin = time.monotonic()
            paths = solver(scene, max_depth=3, samples_per_src=rays, los=True, specular_reflection=True,
                           diffuse_reflection=False, refraction=False, diffraction=False)
            found = int(np.array(paths.valid).sum())
            times.append(time.monotonic() - begin)
        print(f"{rays:8d} {found:6d} {1000 * min(times[1:]):7.1f}", flush=True)


if __name__ == "__main__":
    main()
