"""The plot of error over time from what bench_noise prints.  Usage: noise_plot.py OUTPUT_OF_NOISE_SH PICTURE.svg [LEVEL]

One panel for each map that has points; LEVEL (-130) is the level above which the error counts. Both axes are logarithmic.
Lines go through the runs that none in less time was better than.
"""
import math
import re
import sys

WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 300, 256, 46, 46, 40
COLOURS = {"ours": "#1b6ca8", "peer": "#c1440e"}
NAMES = {"ours": "rpm_pg", "peer": "Sionna RT 2.2.0"}


def read(path, level):
    """{map: {by: [(processor seconds, RMSE dB, rays)]}}"""
    at = {-110: 0, -130: 1, -150: 2}[level]
    maps = {}
    for line in open(path):
        found = re.match(r"(\S+)\s+(ours|peer)\s+(\S+)\s+\d+\s+\S+\s+(\S+) \|", line)
        if found:
            rmse = float(re.findall(r"\|\s*([\d.]+) \(", line)[at])
            maps.setdefault(found[1], {}).setdefault(found[2], []).append((float(found[4]), rmse, found[3]))
    return maps


def panel(name, lines, x_range, y_range, offset):
    def x(seconds):
        return offset + LEFT + (WIDTH - LEFT - 10) * math.log(seconds / x_range[0]) / math.log(x_range[1] / x_range[0])

    def y(error):
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * math.log(max(error, y_range[0]) / y_range[0]) / math.log(y_range[1] / y_range[0])

    out = [f'<text x="{offset + WIDTH / 2}" y="18" text-anchor="middle" font-weight="bold">{name.replace("_", " + ")}</text>']
    for tick in (0.1, 0.3, 1, 3, 10, 30, 100):
        if x_range[0] <= tick <= x_range[1]:
            out.append(f'<path d="M{x(tick):.1f} {TOP}V{HEIGHT - BOTTOM}" stroke="#ddd"/>'
                       f'<text x="{x(tick):.1f}" y="{HEIGHT - BOTTOM + 14}" text-anchor="middle">{tick:g}</text>')
        if y_range[0] <= tick <= y_range[1]:
            out.append(f'<path d="M{offset + LEFT} {y(tick):.1f}H{offset + WIDTH - 10}" stroke="#ddd"/>'
                       f'<text x="{offset + LEFT - 6}" y="{y(tick) + 4:.1f}" text-anchor="end">{tick:g}</text>')
    for by, points in lines.items():
        places = [(x(s), y(e)) for s, e, _ in sorted(points)]
        line = [place for i, place in enumerate(places) if all(before[1] < place[1] for before in places[:i])]
        out.append(f'<polyline fill="none" stroke="{COLOURS[by]}" stroke-width="2" points="{" ".join(f"{a:.1f},{b:.1f}" for a, b in line)}"/>')
        out += [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3" fill="{COLOURS[by]}"/>' for a, b in places]
    return out


def main():
    level = int(sys.argv[3]) if len(sys.argv) > 3 else -130
    maps = read(sys.argv[1], level)
    points = [p for lines in maps.values() for line in lines.values() for p in line]
    x_range = min(p[0] for p in points) / 1.3, max(p[0] for p in points) * 1.3
    y_range = max(0.05, min(p[1] for p in points) / 1.3), max(p[1] for p in points) * 1.3
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH * len(maps)}" height="{HEIGHT}" font-family="sans-serif" font-size="11">',
           '<rect width="100%" height="100%" fill="white"/>']
    for i, (name, lines) in enumerate(maps.items()):
        out += panel(name, lines, x_range, y_range, i * WIDTH)
        out.append(f'<text x="{i * WIDTH + LEFT}" y="{HEIGHT - 8}">RMSE above {level} dB, over processor s</text>')
    for i, by in enumerate(sorted({by for lines in maps.values() for by in lines})):
        out.append(f'<text x="{LEFT + 60 * i}" y="{TOP - 8}" fill="{COLOURS[by]}">{NAMES[by]}</text>')
    open(sys.argv[2], "w").write("\n".join([*out, "</svg>\n"]))


if __name__ == "__main__":
    main()
