#!/usr/bin/env python3
"""bench_nn_torch.py: the U-Nets of bench_nn.c in PyTorch, for the same tile, threads and clocks; run beside it.

    python3 test/bench/bench_nn_torch.py [--threads=N] [--side=S] [--runs=R] BASE...
"""
import pathlib
import sys
import time

import torch

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "nn"))
from make_fixtures import UNet  # noqa: E402


def best(run, runs):
    run()
    wall, processor = [], []
    for _ in range(runs):
        begin = time.monotonic(), time.process_time()
        run()
        wall.append(time.monotonic() - begin[0])
        processor.append(time.process_time() - begin[1])
    return min(wall), min(processor)


def bench(base, side, threads, runs):
    torch.set_num_threads(threads)
    net = UNet(base, 5, 4, 1, 5)
    image, target = torch.randn(1, 4, side, side), torch.zeros(1, 1, side, side)
    optimiser = torch.optim.AdamW(net.parameters(), lr=1e-3)

    def infer():
        net.eval()
        with torch.inference_mode():
            net(image)

    def step():
        net.train()
        optimiser.zero_grad()
        ((net(image) - target) ** 2).mean().backward()
        optimiser.step()

    inference, training = best(infer, runs), best(step, runs)
    print(f"PyTorch {torch.__version__}, U-Net base {base}, {side} x {side}, {threads} threads: "
          f"inference {inference[0]:.3f} s wall {inference[1]:.3f} s processor; training step {training[0]:.3f} / {training[1]:.3f}", flush=True)


if __name__ == "__main__":
    options = dict(a[2:].split("=") for a in sys.argv[1:] if a.startswith("--"))
    for given in [a for a in sys.argv[1:] if not a.startswith("--")] or ["8", "16"]:
        bench(int(given), int(options.get("side", 512)), int(options.get("threads", torch.get_num_threads())), int(options.get("runs", 3)))
