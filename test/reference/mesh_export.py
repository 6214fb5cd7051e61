"""Opens an exported scene in Mitsuba 3 and in Sionna RT: both must have the files' triangles, and those the walls and roofs of the footprints.

    python3 test/reference/mesh_export.py FOLDER      (written by mesh_export.sh)
"""
import glob
import os
import sys
import xml.etree.ElementTree as tree

import numpy as np
import sionna.rt
import mitsuba

failed = 0


def ok(good, text):
    global failed
    failed += not good
    print("%s %s" % ("ok" if good else "not ok", text))


def read_ply(path):
    """The triangles of a file, (n, 3, 3), by the header alone."""
    data = open(path, "rb").read()
    end = data.index(b"end_header\n") + len(b"end_header\n")
    counts = [int(line.split()[2]) for line in data[:end].decode().splitlines() if line.startswith("element")]
    vertices = np.frombuffer(data, "<f4", counts[0] * 3, end).reshape(-1, 3)
    faces = np.frombuffer(data, np.dtype([("n", "u1"), ("v", "<i4", 3)]), counts[1], end + counts[0] * 12)
    assert (faces["n"] == 3).all() and end + counts[0] * 12 + counts[1] * 13 == len(data)
    return vertices[faces["v"]]


def triangles_of(shape):
    parameters = mitsuba.traverse(shape)
    vertices = np.array(parameters["vertex_positions"]).reshape(-1, 3)
    return vertices[np.array(parameters["faces"]).reshape(-1, 3)]


def sorted_rows(triangles):
    """Triangles in an order of their own: corners sorted within each, then the rows."""
    corners = np.round(triangles.astype(float), 3)
    each = np.array([t[np.lexsort(t.T[::-1])].ravel() for t in corners])
    return each[np.lexsort(each.T[::-1])]


def areas(triangles):
    return np.linalg.norm(np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0]), axis=1) / 2


folder = sys.argv[1]
files = {os.path.basename(f)[:-4]: read_ply(f) for f in sorted(glob.glob(folder + "/meshes/*.ply"))}
total = sum(len(t) for t in files.values())

# The files against the footprints: walls by material, roofs, to 1e-4 of the area (corners lie on a lattice of 1 mm).
solids = [line.split() for line in open(folder + "/solids")]
for material in ("brick", "concrete", "glass"):
    expected = sum(float(s[1]) for s in solids if s[0] == material)
    ok(abs(areas(files[material]).sum() / expected - 1) < 1e-4, "walls of %s: %.1f m2 of %.1f" % (material, areas(files[material]).sum(), expected))
expected = sum(float(s[2]) for s in solids)
ok(abs(areas(files["metal"]).sum() / expected - 1) < 1e-4, "roofs: %.1f m2 of %.1f" % (areas(files["metal"]).sum(), expected))
ok(len(files["metal"]) == 2 * len(solids) and sorted(set(np.round(files["metal"][:, 0, 2], 3))) == sorted({float(s[3]) for s in solids}), "roofs lie at the heights")

# Mitsuba.
mitsuba.set_variant("llvm_ad_rgb" if "llvm_ad_rgb" in mitsuba.variants() else "scalar_rgb")
scene = mitsuba.load_file(folder + "/plain.xml")
loaded = {shape.id().removeprefix("mesh-"): triangles_of(shape) for shape in scene.shapes()}
ok(sorted(loaded) == sorted(files), "Mitsuba has the shapes %s" % ", ".join(sorted(loaded)))
for name, triangles in loaded.items():
    ok(np.array_equal(sorted_rows(triangles), sorted_rows(files[name])), "Mitsuba has the %d triangles of %s" % (len(triangles), name))

# Sionna RT, in its own variant.
mitsuba.set_variant("llvm_ad_mono_polarized")
scene = sionna.rt.load_scene(folder + "/radio.xml", merge_shapes=False)
scene.frequency = 3.5e9
count = 0
for name, thing in scene.objects.items():
    triangles = triangles_of(thing.mi_mesh)
    count += len(triangles)
    plain = name.removeprefix("mesh-")
    ok(np.array_equal(sorted_rows(triangles), sorted_rows(files[plain])), "Sionna RT has the %d triangles of %s" % (len(triangles), plain))
    ok(abs(np.array(thing.radio_material.relative_permittivity).item() - float(tree.parse(folder + "/radio.xml").find(
        "bsdf[@id='material-%s']/float[@name='relative_permittivity']" % plain).get("value"))) < 1e-5, "with its permittivity")
ok(count == total, "%d triangles in all" % total)
print("mesh_export: %s" % ("%d failed" % failed if failed else "passed"))
sys.exit(failed > 0)
