"""Sionna RT's gradients: of one path's power by the constants of the wall that reflects it, and the time of a gradient step over a city.

Usage: gradient_peer.py [SAMPLES]   (default 1e6).  Needs sionna-rt 2.2.0; DRJIT_LIBLLVM_PATH names LLVM 19.  Without it one line says so.

The wall: a slab of 0.2 m, permittivity 5.24, 0.12 S/m, at 3.5 GHz; 10 m along and 9 m above the point of reflection to the transmitter,
5.5556 m and 5 m to the receiver, vertical polarisation.  test_calibrate_gradient.c holds what this prints beside the engine's.
The city: Munich, five materials, specular, depth 5, cells of 5 m; processor seconds of each of four steps, the first compiles.
"""
import sys
import time

try:
    import drjit as dr
    import mitsuba as mi
    import numpy as np
    from sionna.rt import PathSolver, PlanarArray, RadioMapSolver, RadioMaterial, Receiver, Transmitter, load_scene
    from sionna.rt import scene as scenes
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(0)

STEPS = 4


def scene_of(file, pattern):
    scene = load_scene(file)
    scene.frequency = 3.5e9
    scene.tx_array = PlanarArray(num_rows=1, num_cols=1, pattern=pattern, polarization="V")
    scene.rx_array = PlanarArray(num_rows=1, num_cols=1, pattern="iso", polarization="cross")
    return scene


def one_wall():
    scene = scene_of(scenes.simple_reflector, "iso")
    scene.add(RadioMaterial("wall", thickness=0.2, relative_permittivity=5.24, conductivity=0.12))
    list(scene.objects.values())[0].radio_material = "wall"
    scene.add(Transmitter("transmitter", position=[-10, 0, 9]))
    scene.add(Receiver("receiver", position=[50 / 9, 0, 5]))
    wall, permittivity, conductivity = scene.radio_materials["wall"], mi.Float(5.24), mi.Float(0.12)
    dr.enable_grad(permittivity, conductivity)
    wall.relative_permittivity, wall.conductivity = permittivity, conductivity
    solver = PathSolver()
    solver.loop_mode = "evaluated"
    real, imaginary = solver(scene, max_depth=1, samples_per_src=100000, los=False, specular_reflection=True, diffuse_reflection=False,
                             refraction=False).a
    power = dr.sum(dr.square(real.array)) + dr.sum(dr.square(imaginary.array))
    dr.backward(power)
    db = 10 / np.log(10) / np.array(power)[0]
    print(f"one wall: {10 * np.log10(np.array(power)[0]):.4f} dB, {db * np.array(dr.grad(permittivity))[0]:.5f} dB for a unit of permittivity, "
          f"{db * np.array(dr.grad(conductivity))[0]:.5f} dB for a S/m", flush=True)


def city(samples):
    scene = scene_of(scenes.munich, "tr38901")
    scene.add(Transmitter("transmitter", position=[8.5, 21, 27]))
    materials = [m for m in scene.radio_materials.values() if m.is_used]
    solver = RadioMapSolver()
    solver.loop_mode = "evaluated"
    for step in range(STEPS):
        begin, constants = time.process_time(), []
        for material in materials:
            constants.append(mi.Float(dr.detach(material.relative_permittivity)))
            dr.enable_grad(constants[-1])
            material.relative_permittivity = constants[-1]
        gain = solver(scene, max_depth=5, cell_size=(5, 5), samples_per_tx=samples, los=True, specular_reflection=True, diffuse_reflection=False,
                      refraction=False).path_gain
        dr.backward(dr.sum(gain.array))
        gradient = [float(dr.grad(c).numpy().ravel()[0]) for c in constants]
        print(f"city, step {step}: {time.process_time() - begin:.2f} s of processor time, {len(gradient)} materials", flush=True)


if __name__ == "__main__":
    one_wall()
    city(int(float(sys.argv[1])) if len(sys.argv) > 1 else 10**6)
