#!/usr/bin/env python3
"""make_fixtures.py: PyTorch's numbers for the network tests, into test/data/nn.

    pip install torch safetensors timm torchvision
    python3 test/nn/make_fixtures.py test/data/nn

Each case is a declaration (docs/networks.md), kept as a note of the file, and the same layers in PyTorch: inputs, weights, the output,
and the gradients of sum(output * pull). Tensors are named CASE/input0, CASE/weights/NAME, CASE/gradients/NAME and so on.
The committed files were made with PyTorch 2.15.0 and timm 1.0.31.
"""
import sys

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import nn


class Same(nn.Module):
    """TensorFlow's padding "same": the odd cell right and below."""

    def __init__(self, inner, kernel, stride):
        super().__init__()
        self.inner, self.kernel, self.stride = inner, kernel, stride

    def forward(self, x):
        pads = []
        for size in (x.shape[-1], x.shape[-2]):
            total = max((-(-size // self.stride) - 1) * self.stride + self.kernel - size, 0)
            pads += [total // 2, total - total // 2]
        return self.inner(F.pad(x, pads))


def unwrap(state):
    return {name.removeprefix("inner."): value for name, value in state.items()}


LAYERS = {
    "conv": ("x input channels=3\ny conv x out=4 kernel=5 pad=2 stride=2", (2, 3, 7, 6), lambda: nn.Conv2d(3, 4, 5, 2, 2)),
    "conv_same": ("x input channels=3\ny conv x out=4 kernel=2 pad=same", (1, 3, 5, 4), lambda: Same(nn.Conv2d(3, 4, 2), 2, 1)),
    "conv_point": ("x input channels=3\ny conv x out=17 kernel=3 pad=1", (1, 3, 1, 1), lambda: nn.Conv2d(3, 17, 3, 1, 1)),
    "depthwise": ("x input channels=8\ny conv x out=8 kernel=3 stride=2 pad=same groups=8 bias=no", (1, 8, 6, 5),
                  lambda: Same(nn.Conv2d(8, 8, 3, 2, groups=8, bias=False), 3, 2)),
    "groups": ("x input channels=8\ny conv x out=4 kernel=3 pad=1 groups=2", (1, 8, 4, 3), lambda: nn.Conv2d(8, 4, 3, 1, 1, groups=2)),
    "deconv": ("x input channels=4\ny deconv x out=6 kernel=4 stride=2 pad=1", (2, 4, 3, 5), lambda: nn.ConvTranspose2d(4, 6, 4, 2, 1)),
    "deconv_groups": ("x input channels=4\ny deconv x out=6 kernel=3 stride=2 groups=2 bias=no", (1, 4, 3, 2),
                      lambda: nn.ConvTranspose2d(4, 6, 3, 2, groups=2, bias=False)),
    "batch_norm": ("x input channels=5\ny batch_norm x eps=0.001", (2, 5, 3, 4), lambda: nn.BatchNorm2d(5, eps=1e-3)),
    "group_norm": ("x input channels=6\ny group_norm x groups=3", (2, 6, 3, 4), lambda: nn.GroupNorm(3, 6)),
    "relu": ("x input channels=2\ny relu x", (1, 2, 3, 4), lambda: nn.ReLU()),
    "leaky_relu": ("x input channels=2\ny leaky_relu x slope=0.01", (1, 2, 3, 4), lambda: nn.LeakyReLU(0.01)),
    "gelu": ("x input channels=2\ny gelu x", (1, 2, 3, 4), lambda: nn.GELU(approximate="tanh")),
    "silu": ("x input channels=2\ny silu x", (1, 2, 3, 4), lambda: nn.SiLU()),
    "sigmoid": ("x input channels=2\ny sigmoid x", (1, 2, 3, 4), lambda: nn.Sigmoid()),
    "tanh": ("x input channels=2\ny tanh x", (1, 2, 3, 4), lambda: nn.Tanh()),
    "softmax": ("x input channels=5\ny softmax x", (2, 5, 2, 3), lambda: nn.Softmax(dim=1)),
    "max_pool": ("x input channels=2\ny max_pool x kernel=3 stride=2 pad=1", (1, 2, 6, 5), lambda: nn.MaxPool2d(3, 2, 1)),
    "avg_pool": ("x input channels=2\ny avg_pool x kernel=3 stride=2 pad=1", (1, 2, 6, 5), lambda: nn.AvgPool2d(3, 2, 1)),
    "upsample": ("x input channels=3\ny upsample x align_corners=no", (1, 3, 4, 3),
                 lambda: nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)),
    "upsample_corners": ("x input channels=3\ny upsample x align_corners=yes", (1, 3, 4, 3),
                         lambda: nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True)),
}


class LayerNorm(nn.LayerNorm):
    """Over the channels of each cell."""

    def forward(self, x):
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class Linear(nn.Linear):
    def forward(self, x):
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


LAYERS["layer_norm"] = ("x input channels=6\ny layer_norm x", (2, 6, 3, 4), lambda: LayerNorm(6))
LAYERS["linear"] = ("x input channels=6\ny linear x out=5", (2, 6, 3, 2), lambda: Linear(6, 5))


class Embedding(nn.Embedding):
    """A row of the table per cell of one channel."""

    def forward(self, x):
        return super().forward(x[:, 0]).permute(0, 3, 1, 2)


class Function(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, *inputs):
        return self.function(*inputs)


# Of several inputs, or of whole numbers: declaration, shapes, module; the range of an index instead of a shape's channels.
MORE_LAYERS = {
    "mean": ("x input channels=3\ny mean x", [(2, 3, 4, 5)], lambda: Function(lambda x: x.mean((2, 3), keepdim=True))),
    "concat": ("x input channels=2\nz input channels=3\ny concat x z", [(2, 2, 3, 4), (2, 3, 3, 4)], lambda: Function(lambda x, z: torch.cat((x, z), 1))),
    "add": ("x input channels=2\nz input channels=2\ny add x z", [(2, 2, 3, 4)] * 2, lambda: Function(torch.add)),
    "mul": ("x input channels=2\nz input channels=2\ny mul x z", [(2, 2, 3, 4)] * 2, lambda: Function(torch.mul)),
    "mul_channels": ("x input channels=4\nz input channels=4\ny mul x z", [(2, 4, 3, 5), (2, 4, 1, 1)], lambda: Function(torch.mul)),
    "embedding": ("x index\ny embedding x size=7 out=3", [(2, 7, 3, 4)], lambda: Embedding(7, 3)),
    "gather": ("x input channels=3\nz index\ny gather x z", [(5, 3, 1, 1), (9, 5, 1, 1)], lambda: Function(lambda x, z: x[z[:, 0, 0, 0]])),
    "segment_sum": ("x input channels=3\nz index\nlike input channels=1\ny segment_sum x z like", [(9, 3, 1, 1), (9, 4, 1, 1), (4, 1, 1, 1)],
                    lambda: Function(lambda x, z, like: torch.zeros(4, 3, 1, 1).index_add(0, z[:, 0, 0, 0], x) + 0 * like.sum())),
}


def input_of(line, shape):
    """Numbers, or for an index whole numbers below shape[1]."""
    if line.split()[1] == "index":
        return torch.randint(shape[1], (shape[0], 1, *shape[2:]))
    return torch.randn(shape)


def put_case(tensors, notes, case, text, inputs, module, prefix):
    """Runs a module forward and backward and keeps everything."""
    inputs = [x.clone().requires_grad_(x.is_floating_point()) for x in inputs]
    before = {name: value.clone() for name, value in unwrap(module.state_dict()).items()}
    output = module(*inputs)
    pull = torch.randn_like(output)
    (output * pull).sum().backward()
    after = unwrap(module.state_dict())
    notes[case] = text
    for i, x in enumerate(inputs):
        tensors[f"{case}/input{i}"] = x.detach()
        if x.grad is not None:
            tensors[f"{case}/input{i}_gradient"] = x.grad
    tensors[f"{case}/output"] = output.detach()
    tensors[f"{case}/pull"] = pull
    for name, value in before.items():
        tensors[f"{case}/weights/{prefix}{name}"] = value
        if "running_" in name:
            tensors[f"{case}/after/{prefix}{name}"] = after[name]
    for name, value in unwrap(dict(module.named_parameters())).items():
        tensors[f"{case}/gradients/{prefix}{name}"] = value.grad


def make_layers(path):
    tensors, notes = {}, {}
    torch.manual_seed(1)
    for case, (text, shape, make) in LAYERS.items():
        module = make()
        for name, value in module.named_parameters():
            if value.dim() == 1:
                value.data += 0.1 * torch.randn_like(value)
        put_case(tensors, notes, case, text + "\no output y\n", [torch.randn(shape)], module, "y.")
    for case, (text, shapes, make) in MORE_LAYERS.items():
        inputs = [input_of(line, shape) for line, shape in zip(text.splitlines(), shapes)]
        put_case(tensors, notes, case, text + "\no output y\n", inputs, make(), "y.")
    save(tensors, notes, path)


def save(tensors, notes, path):
    save_file({name: value.detach().contiguous() for name, value in tensors.items()}, path, metadata=notes)


class DoubleConv(nn.Module):
    def __init__(self, inputs, width, kernel, smooth=False):
        super().__init__()
        self.smooth = smooth
        self.conv1 = nn.Conv2d(inputs, width, kernel, padding=kernel // 2, bias=False)
        self.norm1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, kernel, padding=kernel // 2, bias=False)
        self.norm2 = nn.BatchNorm2d(width)

    def forward(self, x):
        return self.activate(self.norm2(self.conv2(self.activate(self.norm1(self.conv1(x))))))

    def activate(self, x):
        return F.gelu(x, approximate="tanh") if self.smooth else F.leaky_relu(x, 0.01)


class UpConv(DoubleConv):
    def __init__(self, below, width, kernel, smooth=False):
        super().__init__(2 * width, width, kernel, smooth)
        self.conv = nn.Conv2d(below, width, 2, bias=False)

    def forward(self, skip, x):
        x = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
        x = self.conv(F.pad(x, (0, 1, 0, 1)))
        return super().forward(torch.cat([skip, x], 1))


class UNet(nn.Module):
    """The network that rpm_nn_unet_declaration declares; its state_dict has the same names. smooth: GELU and mean pooling instead."""

    def __init__(self, base, stages, inputs, outputs, kernel, smooth=False):
        super().__init__()
        widths = [base * min(2 ** i, 16) for i in range(stages + 1)]
        self.stages, self.shrink = stages, F.avg_pool2d if smooth else F.max_pool2d
        for i, width in enumerate(widths):
            self.add_module(f"down{i}", DoubleConv(inputs if i == 0 else widths[i - 1], width, kernel, smooth))
        for i in range(stages):
            self.add_module(f"up{i}", UpConv(widths[i + 1], widths[i], kernel, smooth))
        self.head = nn.Conv2d(base, outputs, 1)

    def forward(self, x):
        skips = []
        for i in range(self.stages + 1):
            x = getattr(self, f"down{i}")(x if i == 0 else self.shrink(x, 2))
            skips.append(x)
        for i in reversed(range(self.stages)):
            x = getattr(self, f"up{i}")(skips[i], x)
        return self.head(x)


def make_training(path, steps=200, batch=4, tiles=8, side=16):
    """Losses of 200 steps of AdamW on a masked squared error: weights before, data, and the losses.

    Training is sensitive: where a number crosses a kink of a maximum or a leaky ReLU, or a small gradient changes its sign, rounding
    becomes a difference. With those and AdamW's usual epsilon, weights moved by 1e-6 of their size change the losses by up to 8e-3 within
    these 200 steps in PyTorch itself, which no back end can agree with to 1e-3. So this network has GELU and mean pooling, and epsilon is
    1e-2: the same change then makes 4e-7.
    """
    torch.manual_seed(3)
    unet = UNet(4, 2, 2, 1, 3, smooth=True)
    tensors = {f"weights/{name}": value.clone() for name, value in unet.state_dict().items()}
    inputs = torch.randn(tiles, 2, side, side)
    smooth = F.avg_pool2d(inputs[:, :1], 5, 1, 2) * 3 + 0.5 * inputs[:, 1:].abs()
    mask = torch.rand(tiles, 1, side, side) < 0.4
    optimiser = torch.optim.AdamW(unet.parameters(), lr=1e-3, eps=1e-2, weight_decay=5e-2)
    losses = []
    for step in range(steps):
        pick = [(step * batch + k) % tiles for k in range(batch)]
        optimiser.zero_grad()
        loss = ((unet(inputs[pick]) - smooth[pick]) ** 2)[mask[pick]].mean()
        loss.backward()
        nn.utils.clip_grad_norm_(unet.parameters(), 1.0)
        optimiser.step()
        losses.append(loss.item())
    unet.eval()
    with torch.no_grad():
        tensors["prediction"] = unet(inputs[:1])
    tensors.update(inputs=inputs, target=smooth, mask=mask.to(torch.uint8), losses=torch.tensor(losses, dtype=torch.float64))
    notes = {"base": "4", "stages": "2", "kernel": "3", "batch": str(batch), "rate": "1e-3", "epsilon": "1e-2", "weight_decay": "5e-2", "clip": "1.0"}
    save(tensors, notes, path)


def make_maxvit(path):
    """One block of timm's MaxViT (`_tf` form): MBConv of stride 2, block attention, grid attention. Weights are kept as BF16, exactly."""
    from timm.models import maxxvit

    torch.manual_seed(5)
    model = maxxvit.MaxxVit(maxxvit.MaxxVitCfg(embed_dim=(32, 32, 32, 32), depths=(1, 1, 1, 1), block_type=("M",) * 4, stem_width=32,
                                              stem_bias=True, **maxxvit._tf_cfg()), img_size=128, in_chans=3, num_classes=0)
    block = model.stages[0].blocks[0]
    for name, value in block.state_dict().items():
        if value.is_floating_point():
            if value.dim() == 1 or "table" in name:
                value += 0.1 * torch.randn_like(value).abs()
            value.copy_(value.to(torch.bfloat16).to(torch.float32))
    tensors, notes = {}, {}
    put_case(tensors, notes, "block", "", [torch.randn(1, 32, 16, 16).to(torch.bfloat16).to(torch.float32)], block,
             "stages.0.blocks.0.")
    del tensors["block/input0_gradient"]
    tensors["block/input0"] = tensors["block/input0"].to(torch.bfloat16)
    for name in list(tensors):
        if name.startswith("block/weights/") and tensors[name].is_floating_point():
            tensors[name] = tensors[name].to(torch.bfloat16)
        elif name.startswith("block/gradients/") and tensors[name].numel() > 1200:
            del tensors[name]
    save(tensors, notes, path)


if __name__ == "__main__":
    torch.set_num_threads(1)
    folder = sys.argv[1] if len(sys.argv) > 1 else "test/data/nn"
    make_layers(f"{folder}/layers.safetensors")
    make_training(f"{folder}/training.safetensors")
    make_maxvit(f"{folder}/maxvit.safetensors")
