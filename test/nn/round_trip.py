#!/usr/bin/env python3
"""round_trip.py: networks of PyTorch and timm loaded here give the same output to 1e-4, and the weights written here load there.

    make build/bench/run_network
    pip install torch safetensors timm torchvision
    python3 test/nn/round_trip.py

A U-Net of base 8 (5 stages, kernel 5, 128 x 128 cells) and timm's whole maxvit_tiny_tf_512 encoder at 512 x 512, both with random weights
and running values. Prints one line a network and ends with status 1 if one differs.
"""
import pathlib
import subprocess
import sys
import tempfile
import time

import torch
from safetensors.torch import load_file, save_file

from make_fixtures import UNet

TOP = pathlib.Path(__file__).resolve().parents[2]


def stir(net):
    """Running values and scales as after some training."""
    with torch.no_grad():
        for name, value in net.state_dict().items():
            if "running_mean" in name or name.endswith("relative_position_bias_table"):
                value.normal_(0, 0.1)
            elif "running_var" in name:
                value.uniform_(0.5, 1.5)


def compare(title, declaration, net, run, image):
    torch.manual_seed(2)
    stir(net)
    net.eval()
    with torch.inference_mode():
        expected = run(net, image)
        begin = time.process_time()
        run(net, image)
        seconds = time.process_time() - begin
    with tempfile.TemporaryDirectory() as folder:
        save_file({k: v.contiguous() for k, v in net.state_dict().items()}, f"{folder}/weights")
        save_file({"map": image}, f"{folder}/input")
        done = subprocess.run([TOP / "build/bench/run_network", declaration] + [f"{folder}/{f}" for f in ("weights", "input", "output", "again")],
                              check=True, capture_output=True, text=True)
        output, again = load_file(f"{folder}/output"), load_file(f"{folder}/again")
    worst = max(((output[k] - v).abs().max() / v.abs().max()).item() for k, v in expected.items())
    missing = net.load_state_dict(again, strict=False)
    left = [k for k in missing.missing_keys if not k.startswith("head.")]
    good = worst <= 1e-4 and not left and not missing.unexpected_keys and all(torch.equal(net.state_dict()[k], v) for k, v in again.items())
    print(f"{'ok' if good else 'not ok'} {title}: largest difference {worst:.2g} of the largest number; "
          f"{done.stdout.strip().split(': ')[1]}, PyTorch {seconds:.3f} s", flush=True)
    return good


def main():
    import timm

    torch.set_num_threads(2)
    torch.manual_seed(1)
    good = compare("U-Net of base 8", "unet:8,5,4,1,5", UNet(8, 5, 4, 1, 5), lambda net, x: {"prediction": net(x)}, torch.randn(1, 4, 128, 128))
    maxvit = timm.create_model("maxvit_tiny_tf_512", pretrained=False)

    def stages(net, x):
        values = {"skip0": net.stem(x)}
        for i, stage in enumerate(net.stages):
            values[f"skip{i + 1}"] = stage(values[f"skip{i}"])
        return values

    good &= compare("MaxViT-T's encoder", "maxvit:512,3", maxvit, stages, torch.randn(1, 3, 512, 512))
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
