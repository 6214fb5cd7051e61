#!/usr/bin/python3
"""Draws a coverage raster as a map: legend in dBm, building outlines, antennas with their sectors, axes in metres, scale bar.

    draw_map.py --raster coverage.tif --buildings buildings.geojson --antennas antennas.csv --title TEXT --output coverage.png

The raster is any that GDAL reads, band 1, in a projected reference system; buildings are a GeoJSON FeatureCollection of (multi)polygons;
antennas have the columns site, x, y, grid_azimuth_deg; a route is drawn as dots. All in the raster's reference system. Needs python3-gdal, python3-numpy, python3-pil.
"""
import argparse
import csv
import json
import math

import numpy as np
from osgeo import gdal
from PIL import Image, ImageDraw, ImageFont

FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSans%s.ttf"
OVERSAMPLING = 2                # drawn larger and reduced: smooth lines without a drawing library
LEFT, TOP, RIGHT, BOTTOM = 96, 92, 250, 100
INK = (38, 38, 44)
SOFT = (120, 120, 128)
BUILDING_FILL = (232, 231, 228)
BUILDING_LINE = (128, 126, 122)
NOTHING = (250, 250, 250)
SECTOR = (206, 48, 60)
# From weak to strong: dark blue over green to yellow, even in lightness (the anchors of viridis, which is in the public domain, CC0).
RAMP = [(68, 1, 84), (71, 44, 122), (59, 81, 139), (44, 113, 142), (33, 144, 141), (39, 173, 129), (92, 200, 99), (170, 220, 50),
        (253, 231, 37)]
# From too low over right to too high: blue, nearly white, red.
DIFFERENCE_RAMP = [(33, 82, 165), (124, 163, 214), (243, 243, 240), (224, 141, 119), (170, 34, 40)]
ROUTE = (20, 20, 20)


def main():
    arguments = parse_arguments()
    values, west, north, cell_width, cell_height = read_raster(arguments.raster)
    rows, columns = values.shape
    scale = arguments.width / (columns * cell_width)
    frame = Frame(west, north, columns * cell_width, rows * cell_height, scale * OVERSAMPLING)
    image = Image.new("RGB", frame.page_size(), "white")
    ramp = DIFFERENCE_RAMP if arguments.difference else RAMP
    image.paste(colour(values, arguments.low, arguments.high, ramp).resize(frame.map_size(), Image.NEAREST), frame.corner())
    draw = ImageDraw.Draw(image)
    draw_buildings(image, draw, frame, arguments.buildings)
    if arguments.route:
        draw_route(draw, frame, arguments.route)
    draw_antennas(draw, frame, arguments.antennas, arguments.sector_radius)
    mask_margins(draw, frame)
    draw_axes(draw, frame)
    draw_legend(draw, frame, arguments, ramp)
    draw_texts(draw, frame, arguments)
    image.resize((image.width // OVERSAMPLING, image.height // OVERSAMPLING), Image.LANCZOS).save(arguments.output, optimize=True)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--raster", required=True)
    parser.add_argument("--buildings", required=True)
    parser.add_argument("--antennas", required=True)
    parser.add_argument("--output", required=True)
    parser.add_argument("--title", default="")
    parser.add_argument("--subtitle", default="")
    parser.add_argument("--quantity", default="RSRP")
    parser.add_argument("--unit", default="dBm")
    parser.add_argument("--low", type=float, default=-130)
    parser.add_argument("--high", type=float, default=-60)
    parser.add_argument("--step", type=int, default=10, help="between the legend's numbers")
    parser.add_argument("--difference", action="store_true", help="colours for what is too low or too high")
    parser.add_argument("--route", help="CSV of measured places, columns x and y")
    parser.add_argument("--attribution", default="")
    parser.add_argument("--width", type=int, default=1250, help="width of the map in pixels")
    parser.add_argument("--sector-radius", type=float, default=45, help="metres")
    return parser.parse_args()


class Frame:
    """Where the map lies on the page; everything in pixels of the enlarged drawing."""

    def __init__(self, west, north, width_m, height_m, scale):
        self.west, self.north, self.width_m, self.height_m, self.scale = west, north, width_m, height_m, scale

    def map_size(self):
        return round(self.width_m * self.scale), round(self.height_m * self.scale)

    def corner(self):
        return LEFT * OVERSAMPLING, TOP * OVERSAMPLING

    def box(self):
        (left, top), (width, height) = self.corner(), self.map_size()
        return left, top, left + width, top + height

    def page_size(self):
        width, height = self.map_size()
        return width + (LEFT + RIGHT) * OVERSAMPLING, height + (TOP + BOTTOM) * OVERSAMPLING

    def place(self, x, y):
        left, top = self.corner()
        return left + (x - self.west) * self.scale, top + (self.north - y) * self.scale


def read_raster(path):
    gdal.UseExceptions()
    dataset = gdal.Open(path)
    west, cell_width, _, north, _, cell_height = dataset.GetGeoTransform()
    band = dataset.GetRasterBand(1)
    values = band.ReadAsArray().astype(float)
    if band.GetNoDataValue() is not None:
        values[values == band.GetNoDataValue()] = np.nan
    return values, west, north, cell_width, -cell_height


def colour(values, low, high, ramp):
    share = np.clip((values - low) / (high - low), 0, 1)
    position = np.nan_to_num(share) * (len(ramp) - 1)
    channels = [np.interp(position, range(len(ramp)), [c[i] for c in ramp]) for i in range(3)]
    pixels = np.stack(channels, axis=-1)
    pixels[np.isnan(values)] = NOTHING
    return Image.fromarray(pixels.round().astype(np.uint8), "RGB")


def draw_buildings(image, draw, frame, path):
    """Largest first, so that a building in another's courtyard is drawn on top of it; courtyards stay open."""
    with open(path, encoding="utf-8") as file:
        features = json.load(file)["features"] or []
    polygons = []
    for geometry in (feature["geometry"] for feature in features):
        polygons += [geometry["coordinates"]] if geometry["type"] == "Polygon" else geometry["coordinates"]
    mask = Image.new("1", image.size)
    mask_draw = ImageDraw.Draw(mask)
    outlines = [[[frame.place(*point[:2]) for point in ring] for ring in rings] for rings in polygons]
    for rings in sorted(outlines, key=lambda rings: -box_area(rings[0])):
        mask_draw.polygon(rings[0], fill=1)
        for hole in rings[1:]:
            mask_draw.polygon(hole, fill=0)
    image.paste(BUILDING_FILL, mask=mask)
    for rings in outlines:
        for ring in rings:
            draw.line(ring, fill=BUILDING_LINE, width=OVERSAMPLING)


def box_area(ring):
    xs, ys = zip(*ring)
    return (max(xs) - min(xs)) * (max(ys) - min(ys))


def draw_route(draw, frame, path):
    with open(path, encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            x, y = frame.place(float(row["x"]), float(row["y"]))
            draw.ellipse((x - OVERSAMPLING, y - OVERSAMPLING, x + OVERSAMPLING, y + OVERSAMPLING), fill=ROUTE)


def draw_antennas(draw, frame, path, radius_m):
    with open(path, encoding="utf-8", newline="") as file:
        antennas = list(csv.DictReader(file))
    for antenna in antennas:
        draw_sector(draw, frame, float(antenna["x"]), float(antenna["y"]), float(antenna["grid_azimuth_deg"]), radius_m)
    named = set()
    for antenna in antennas:
        x, y = frame.place(float(antenna["x"]), float(antenna["y"]))
        dot = 5 * OVERSAMPLING
        draw.ellipse((x - dot, y - dot, x + dot, y + dot), fill="white", outline=INK, width=2 * OVERSAMPLING)
        if antenna["site"] not in named:
            named.add(antenna["site"])
            label(draw, (x, y - radius_m * frame.scale - 3 * OVERSAMPLING), antenna["site"], 14)


def draw_sector(draw, frame, x, y, azimuth_deg, radius_m, beamwidth_deg=65):
    centre = frame.place(x, y)
    arc = []
    for step in range(17):
        angle = math.radians(azimuth_deg + beamwidth_deg * (step / 16 - 0.5))
        arc.append(frame.place(x + radius_m * math.sin(angle), y + radius_m * math.cos(angle)))
    draw.polygon([centre] + arc, fill=SECTOR)
    draw.line([centre] + arc + [centre], fill="white", width=2 * OVERSAMPLING, joint="curve")


def label(draw, place, text, size):
    draw.text(place, text, font=font(size, "-Bold"), fill=INK, anchor="ms", stroke_width=3 * OVERSAMPLING, stroke_fill="white")


def mask_margins(draw, frame):
    """Buildings and sectors that reach beyond the map are cut at its frame."""
    left, top, right, bottom = frame.box()
    width, height = frame.page_size()
    for box in ((0, 0, width, top), (0, bottom, width, height), (0, 0, left, height), (right, 0, width, height)):
        draw.rectangle(box, fill="white")
    draw.rectangle((left, top, right, bottom), outline=INK, width=OVERSAMPLING)


def draw_axes(draw, frame):
    left, top, right, bottom = frame.box()
    tick, step = 6 * OVERSAMPLING, 200
    for x in range(math.ceil(frame.west / step) * step, int(frame.west + frame.width_m) + 1, step):
        place = frame.place(x, frame.north)[0]
        draw.line((place, bottom, place, bottom + tick), fill=INK, width=OVERSAMPLING)
        draw.text((place, bottom + 1.6 * tick), f"{x:,}".replace(",", " "), font=font(13), fill=INK, anchor="mt")
    for y in range(math.ceil((frame.north - frame.height_m) / step) * step, int(frame.north) + 1, step):
        place = frame.place(frame.west, y)[1]
        draw.line((left - tick, place, left, place), fill=INK, width=OVERSAMPLING)
        draw.text((left - 1.6 * tick, place), f"{y:,}".replace(",", " "), font=font(13), fill=INK, anchor="rm")
    draw.text(((left + right) / 2, bottom + 34 * OVERSAMPLING), "easting, m", font=font(14), fill=INK, anchor="mt")
    draw.text((left, top - 8 * OVERSAMPLING), "northing, m", font=font(14), fill=INK, anchor="rs")
    draw_scale_bar(draw, right - 20 * OVERSAMPLING, bottom - 20 * OVERSAMPLING, 200, frame.scale)


def draw_scale_bar(draw, right, bottom, length_m, scale):
    length, height = length_m * scale, 7 * OVERSAMPLING
    left = right - length
    margin = 10 * OVERSAMPLING
    draw.rectangle((left - 2 * margin, bottom - height - 3 * margin, right + margin, bottom + margin), fill="white", outline=SOFT)
    draw.rectangle((left, bottom - height, right, bottom), fill="white", outline=INK, width=OVERSAMPLING)
    draw.rectangle((left, bottom - height, left + length / 2, bottom), fill=INK)
    for metres in (0, length_m // 2, length_m):
        text = f"{metres} m" if metres == length_m else str(metres)
        draw.text((left + metres * scale, bottom - height - 4 * OVERSAMPLING), text, font=font(12), fill=INK,
                  anchor="rs" if metres == length_m else "ms")


def draw_legend(draw, frame, arguments, ramp):
    _, top, right, bottom = frame.box()
    left = right + 36 * OVERSAMPLING
    bar_top, bar_bottom, width = top + 60 * OVERSAMPLING, top + int((bottom - top) * 0.62), 30 * OVERSAMPLING
    draw.text((left, top), arguments.quantity, font=font(16, "-Bold"), fill=INK, anchor="lt")
    draw.text((left, top + 26 * OVERSAMPLING), arguments.unit, font=font(14), fill=INK, anchor="lt")
    for row in range(bar_top, bar_bottom):
        share = (bar_bottom - row) / (bar_bottom - bar_top)
        pixel = colour(np.array([[share]]), 0, 1, ramp).getpixel((0, 0))
        draw.line((left, row, left + width, row), fill=pixel)
    draw.rectangle((left, bar_top, left + width, bar_bottom), outline=INK, width=OVERSAMPLING)
    low, high = arguments.low, arguments.high
    for level in range(int(low), int(high) + 1, arguments.step):
        place = bar_bottom - (level - low) / (high - low) * (bar_bottom - bar_top)
        sign = {int(low): "≤ ", int(high): "≥ "}.get(level, "")
        draw.line((left + width, place, left + width + 6 * OVERSAMPLING, place), fill=INK, width=OVERSAMPLING)
        draw.text((left + width + 12 * OVERSAMPLING, place), f"{sign}{level}".replace("-", "−"), font=font(14), fill=INK, anchor="lm")
    draw_symbols(draw, left, bar_bottom + 44 * OVERSAMPLING)


def draw_symbols(draw, left, top):
    step, size = 34 * OVERSAMPLING, 22 * OVERSAMPLING
    draw.rectangle((left, top, left + size, top + 0.7 * size), fill=BUILDING_FILL, outline=BUILDING_LINE, width=OVERSAMPLING)
    draw.text((left + 1.5 * size, top + 0.35 * size), "building", font=font(14), fill=INK, anchor="lm")
    middle = top + step + 0.35 * size
    draw.pieslice((left - size, middle - size, left + size, middle + size), -33, 33, fill=SECTOR)
    draw.text((left + 1.5 * size, middle), "antenna sector", font=font(14), fill=INK, anchor="lm")
    middle += step
    draw.rectangle((left, middle - 0.35 * size, left + size, middle + 0.35 * size), fill=NOTHING, outline=SOFT, width=OVERSAMPLING)
    draw.text((left + 1.5 * size, middle), "no data", font=font(14), fill=INK, anchor="lm")


def draw_texts(draw, frame, arguments):
    left, top, _, bottom = frame.box()
    draw.text((left, 18 * OVERSAMPLING), arguments.title, font=font(22, "-Bold"), fill=INK, anchor="lt")
    draw.text((left, 50 * OVERSAMPLING), arguments.subtitle, font=font(14), fill=SOFT, anchor="lt")
    draw.text((left, bottom + 68 * OVERSAMPLING), arguments.attribution, font=font(12), fill=SOFT, anchor="lt")


def font(size, style=""):
    return ImageFont.truetype(FONT % style, size * OVERSAMPLING)


if __name__ == "__main__":
    main()
