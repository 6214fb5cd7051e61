#!/usr/bin/env python3
"""The welded map of Munich by Sionna RT with room for all edges that it finds; see docs/accuracy.md, "Edges".

Usage: peer_map.py munich.csv FOLDER [MAPS [RAYS]]

Needs the Python packages sionna-rt 2.2.0 and numpy, gdal_translate, and LLVM 19 (DRJIT_LIBLLVM_PATH names the library). Welds the surfaces
of each name at 1 mm, all of concrete, as in the description of the reference maps; computes MAPS (12) maps of line of sight and one
diffraction with RAYS (2e7) rays each, a table of edges of 1,000,000 slots instead of 10,000; writes to FOLDER
  munich_welded_edges.csv       the edges in the table of any of the maps: x0,y0,z0,x1,y1,z1, metres, local (origin 691696, 5334723)
  munich_welded_diffraction_peer.tif   path gain of the mean and its standard error, dB, on the grid of the reference maps
"""
import csv
import os
import re
import subprocess
import sys
import tempfile

import numpy as np
from sionna.rt import PlanarArray, RadioMapSolver, Transmitter, load_scene

ORIGIN = np.array([691696.0, 5334723.0, 0.0])
WEST, SOUTH, EAST, NORTH = 690888.14955, 5334032.21725, 692368.14955, 5335242.21725
NODATA = -9999.0


def write_scene(munich, folder):
    """One PLY file for each name, corners nearer than 1 mm welded, and the scene that holds them."""
    csv.field_size_limit(10**9)
    surfaces = {}
    for row in csv.DictReader(open(munich)):
        corners = [tuple(map(float, c.split())) for t in re.findall(r"\(\(([^()]*)\)\)", row["wkt"]) for c in t.split(",")[:3]]
        surfaces.setdefault(row["name"], []).extend(corners)
    shapes = []
    for i, corners in enumerate(surfaces.values()):
        corners = np.array(corners) - ORIGIN
        _, first, vertex = np.unique(np.round(corners * 1000).astype(int), axis=0, return_index=True, return_inverse=True)
        faces = vertex.reshape(-1, 3)
        faces = faces[[len(set(f)) == 3 for f in faces.tolist()]]
        with open(f"{folder}/{i}.ply", "w") as out:
            out.write(f"ply\nformat ascii 1.0\nelement vertex {len(first)}\nproperty float x\nproperty float y\nproperty float z\n"
                      f"element face {len(faces)}\nproperty list uchar int vertex_index\nend_header\n")
            np.savetxt(out, corners[first], "%.5f")
            np.savetxt(out, np.insert(faces, 0, 3, axis=1), "%d")
        shapes.append(f'<shape type="ply"><string name="filename" value="{i}.ply"/><boolean name="face_normals" value="true"/>'
                      f'<ref id="concrete" name="bsdf"/></shape>')
    with open(f"{folder}/scene.xml", "w") as out:
        out.write('<scene version="2.1.0"><bsdf type="itu-radio-material" id="concrete"><string name="type" value="concrete"/>'
                  '<float name="thickness" value="0.1"/></bsdf>' + "".join(shapes) + "</scene>")
    return f"{folder}/scene.xml"


def compute(scene_file, maps, rays):
    """The maps' path gains, north up, and the edges."""
    scene = load_scene(scene_file, merge_shapes=False)
    scene.frequency = 3.5e9
    scene.tx_array = PlanarArray(num_rows=1, num_cols=1, pattern="tr38901", polarization="V")
    scene.rx_array = PlanarArray(num_rows=1, num_cols=1, pattern="iso", polarization="V")
    scene.add(Transmitter("transmitter", position=[8.5, 21, 27], orientation=[0, 0, 0]))
    edges = set()
    evaluate = RadioMapSolver._evaluate_first_order_diffraction

    def note_edges(solver, *arguments, **named):
        wedges = next(a for a in [*arguments, *named.values()] if hasattr(a, "e_hat"))
        start, direction = np.array(wedges.o).T, np.array(wedges.e_hat).T
        end = start + direction * np.array(wedges.length)[:, None]
        edges.update(tuple(np.round(sum(sorted([tuple(a), tuple(b)]), ()), 3) + 0.0) for a, b in zip(start, end))
        return evaluate(solver, *arguments, **named)

    RadioMapSolver._WEDGE_INTERSECTIONS_SIZE = 1000000
    RadioMapSolver._evaluate_first_order_diffraction = note_edges
    gains = []
    for seed in range(1, maps + 1):
        radio_map = RadioMapSolver()(
            scene, center=[float((WEST + EAST) / 2 - ORIGIN[0]), float((SOUTH + NORTH) / 2 - ORIGIN[1]), 1.5], orientation=[0, 0, 0],
            size=[EAST - WEST, NORTH - SOUTH], cell_size=(5, 5), samples_per_tx=rays + 1000 * seed, max_depth=5, los=True,
            specular_reflection=False, diffuse_reflection=False, refraction=False, diffraction=True, edge_diffraction=False,
            diffraction_lit_region=True, seed=seed)
        gains.append(np.array(radio_map.path_gain)[0][::-1])
        print(f"map {seed} of {maps}: {len(edges)} edges", flush=True)
    return np.array(gains), sorted(edges)


def write_map(gains, path, folder):
    mean, error = gains.mean(0), gains.std(0, ddof=1) / np.sqrt(len(gains))
    with np.errstate(all="ignore"):
        bands = [np.where(mean > 0, 10 * np.log10(mean), NODATA), np.where(mean > 0, 10 * np.log10(1 + error / mean), NODATA)]
    np.round(np.array(bands), 2).astype("<f4").tofile(f"{folder}/map")
    with open(f"{folder}/map.hdr", "w") as out:
        out.write(f"ENVI\nsamples = {mean.shape[1]}\nlines = {mean.shape[0]}\nbands = 2\ndata type = 4\ninterleave = bsq\nbyte order = 0\n")
    subprocess.run(["gdal_translate", "-q", "-a_ullr", *map(str, (WEST, NORTH, EAST, SOUTH)), "-a_srs", "EPSG:32632", "-a_nodata",
                    str(NODATA), "-co", "COMPRESS=DEFLATE", "-co", "PREDICTOR=3", "-co", "ZLEVEL=9", f"{folder}/map", path], check=True)


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    maps, rays = int(sys.argv[3]) if len(sys.argv) > 3 else 12, int(float(sys.argv[4])) if len(sys.argv) > 4 else 20000000
    with tempfile.TemporaryDirectory() as folder:
        gains, edges = compute(write_scene(sys.argv[1], folder), maps, rays)
        write_map(gains, f"{sys.argv[2]}/munich_welded_diffraction_peer.tif", folder)
    np.savetxt(f"{sys.argv[2]}/munich_welded_edges.csv", edges, "%.3f", ",", header="x0,y0,z0,x1,y1,z1", comments="")


if __name__ == "__main__":
    main()
