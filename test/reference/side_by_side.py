#!/usr/bin/python3
"""Our radio maps of Munich, the reference's, and their difference in one picture.

    RPM_COMPARE_KEEP=FOLDER bash test/all reference
    side_by_side.py FOLDER PICTURE.png [NAME...]

Both as they are, cells without a value white; the difference where the reference's standard error is at most 0.3 dB and either is above -130 dB,
the weaker taken at that level, on grey. Needs python3-numpy and python3-pil.
"""
import os
import sys

import numpy as np
from PIL import Image, ImageDraw, ImageFont

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "demo"))
from draw_map import DIFFERENCE_RAMP, FONT, INK, RAMP, SOFT, colour  # noqa: E402

COLUMNS, ROWS = 296, 242
LEVEL_DB, ERROR_LIMIT_DB = -130, 0.3
LEFT, TOP, GAP, BOTTOM = 16, 52, 12, 56
NAMES = ["specular", "specular_refraction", "specular_diffuse", "specular_diffraction"]
NOT_COMPARED = (150, 150, 156)
GAIN, DIFFERENCE = (-150, -70), (-5, 5)


def main():
    folder, output = sys.argv[1:3]
    names = sys.argv[3:] or NAMES
    page = Image.new("RGB", (2 * LEFT + 3 * COLUMNS + 2 * GAP, TOP + len(names) * (ROWS + TOP) + BOTTOM - TOP // 2), "white")
    draw = ImageDraw.Draw(page)
    for row, name in enumerate(names):
        top = TOP + row * (ROWS + TOP)
        draw.text((LEFT, top - 44), name.replace("_", " + "), INK, font(15, "-Bold"))
        maps = difference_and_maps(folder, name)
        for column, (title, values, (low, high), ramp) in enumerate(maps):
            left = LEFT + column * (COLUMNS + GAP)
            draw.text((left, top - 20), title, SOFT, font(12))
            page.paste(NOT_COMPARED if ramp is DIFFERENCE_RAMP else "white", (left, top, left + COLUMNS, top + ROWS))
            known = Image.fromarray(np.isfinite(values).astype(np.uint8) * 255)
            page.paste(colour(values, low, high, ramp), (left, top), known)
            draw.rectangle((left - 1, top - 1, left + COLUMNS, top + ROWS), outline=SOFT)
    legend(page, draw, LEFT, 2 * COLUMNS + GAP, GAIN, RAMP, "path gain, dB")
    legend(page, draw, LEFT + 2 * (COLUMNS + GAP), COLUMNS, DIFFERENCE, DIFFERENCE_RAMP, "dB")
    page.save(output, optimize=True)


def difference_and_maps(folder, name):
    ours, reference, error = (read(os.path.join(folder, f"{name}.{kind}")) for kind in ("ours", "1", "2"))
    floored = np.fmax(ours, LEVEL_DB), np.fmax(reference, LEVEL_DB)
    compared = (np.fmax(*floored) > LEVEL_DB) & ~(error > ERROR_LIMIT_DB)
    return [("rpm_pg", ours, GAIN, RAMP), ("Sionna RT 2.2.0", reference, GAIN, RAMP),
            ("rpm_pg less Sionna RT", np.where(compared, floored[0] - floored[1], np.nan), DIFFERENCE, DIFFERENCE_RAMP)]


def read(path):
    values = np.fromfile(path, "<f4").reshape(ROWS, COLUMNS)
    return np.where(values > -9000, values, np.nan)


def legend(page, draw, left, width, limits, ramp, unit):
    top = page.height - BOTTOM + 14
    scale = np.linspace(*limits, width)[None, :].repeat(12, 0)
    page.paste(colour(scale, *limits, ramp), (left, top))
    for part in range(5):
        x = left + part * (width - 1) // 4
        text = f"{limits[0] + part * (limits[1] - limits[0]) / 4:g}" + (f" {unit}" if part == 4 else "")
        draw.text((x, top + 16), text, INK, font(12), anchor="la" if part == 0 else "ra" if part == 4 else "ma")


def font(size, style=""):
    return ImageFont.truetype(FONT % style, size)


if __name__ == "__main__":
    main()
