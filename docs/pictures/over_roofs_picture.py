#!/usr/bin/python3
"""Two maps of bench_over_roofs side by side: over_roofs_picture.py FOLDER PICTURE.png. Buildings grey, no level white."""
import os
import sys

import numpy as np
from PIL import Image, ImageDraw, ImageFont

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "demo"))
from draw_map import FONT, INK, RAMP, SOFT, colour  # noqa: E402

COLUMNS, ROWS, TIMES = 296, 242, 2
LEFT, TOP, GAP, BOTTOM = 10, 30, 10, 40
BUILDING = (205, 205, 205)
GAIN = (-170, -70)
TITLES = {"without": "line of sight, reflection, one diffraction", "over_roofs": "with over_roofs"}


def main():
    folder, output = sys.argv[1:3]
    width, height = COLUMNS * TIMES, ROWS * TIMES
    page = Image.new("RGB", (2 * LEFT + 2 * width + GAP, TOP + height + BOTTOM), "white")
    draw = ImageDraw.Draw(page)
    for i, (name, title) in enumerate(TITLES.items()):
        left = LEFT + i * (width + GAP)
        page.paste(panel(np.fromfile(os.path.join(folder, name), "<f4").reshape(ROWS, COLUMNS)).resize((width, height), Image.NEAREST), (left, TOP))
        draw.rectangle((left - 1, TOP - 1, left + width, TOP + height), outline=SOFT)
        draw.text((left, 8), title, INK, font(14))
    legend(page, draw)
    page.convert("P", palette=Image.ADAPTIVE).save(output, optimize=True)


def panel(gain):
    buildings, known = np.isnan(gain), gain > -9000
    image = Image.new("RGB", (COLUMNS, ROWS), "white")
    image.paste(BUILDING, (0, 0), mask(buildings))
    image.paste(colour(np.where(known, gain, GAIN[0]), *GAIN, RAMP), (0, 0), mask(known))
    return image


def mask(chosen):
    return Image.fromarray(chosen.astype(np.uint8) * 255)


def legend(page, draw):
    top, width = page.height - BOTTOM + 8, 300
    page.paste(colour(np.linspace(*GAIN, width)[None, :].repeat(12, 0), *GAIN, RAMP), (LEFT, top))
    for part in range(6):
        anchor = "la" if part == 0 else "ra" if part == 5 else "ma"
        draw.text((LEFT + part * (width - 1) // 5, top + 14), f"{GAIN[0] + part * (GAIN[1] - GAIN[0]) // 5}", INK, font(12), anchor=anchor)
    draw.text((LEFT + width + 30, top), "path gain, dB; grey: buildings; white: no level. Geometry © OpenStreetMap contributors, ODbL", INK, font(14))


def font(size):
    return ImageFont.truetype(FONT % "", size)


if __name__ == "__main__":
    main()
