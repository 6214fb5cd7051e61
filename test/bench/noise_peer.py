"""Radio maps of Munich by Sionna RT, timed: a line `NAME RAYS SECONDS PROCESSOR_SECONDS FILE` for each, for bench_noise.

Usage: noise_peer.py FOLDER [RAYS ...]   (default: 1e5 1e6 1e7).  Needs sionna-rt 2.2.0; DRJIT_LIBLLVM_PATH names LLVM 19. The time is
that of a call after a first one that compiles, until its numbers are in memory.
"""
import sys
import time

import numpy as np
from sionna.rt import PlanarArray, RadioMapSolver, Transmitter, load_scene
from sionna.rt import scene as scenes

WEST, SOUTH, EAST, NORTH = -807.85045, -690.78275, 672.14955, 519.21725
WARM_UP = 10007
MAPS = {"specular": {}, "specular_diffraction": {"diffraction": True, "diffraction_lit_region": True},
        "specular_diffuse": {"diffuse_reflection": True}, "specular_refraction": {"refraction": True}}


def main():
    folder, efforts = sys.argv[1], [int(float(r)) for r in sys.argv[2:]] or [100000, 1000000, 10000000]
    scene = load_scene(scenes.munich, merge_shapes=False)
    scene.frequency = 3.5e9
    scene.tx_array = PlanarArray(num_rows=1, num_cols=1, pattern="tr38901", polarization="V")
    scene.rx_array = PlanarArray(num_rows=1, num_cols=1, pattern="iso", polarization="V")
    scene.add(Transmitter("transmitter", position=[8.5, 21, 27], orientation=[0, 0, 0]))
    solver = RadioMapSolver()
    for name, mechanisms in MAPS.items():
        for material in scene.radio_materials.values():
            material.scattering_coefficient = 0.3 if name == "specular_diffuse" else 0.0
        options = {"los": True, "specular_reflection": True, "diffuse_reflection": False, "refraction": False, "diffraction": False,
                   "edge_diffraction": False, **mechanisms}
        for rays in [WARM_UP, *efforts]:
            begin, processor = time.monotonic(), time.process_time()
            gain = np.array(solver(scene, center=[(WEST + EAST) / 2, (SOUTH + NORTH) / 2, 1.5], orientation=[0, 0, 0],
                                   size=[EAST - WEST, NORTH - SOUTH], cell_size=(5, 5), samples_per_tx=rays, max_depth=5,
                                   **options).path_gain)[0][::-1]
            taken, processor = time.monotonic() - begin, time.process_time() - processor
            if rays == WARM_UP:
                continue
            file = f"{folder}/{name}.{rays}"
            with np.errstate(divide="ignore"):
                np.where(gain > 0, 10 * np.log10(gain), -9999).astype("<f4").tofile(file)
            print(name, rays, f"{taken:.4f} {processor:.4f}", file, flush=True)


if __name__ == "__main__":
    main()
