#!/usr/bin/env python3
"""Draws docs/images/scale.svg from benches/results/routing/scale-*.{txt,json} and prints the table for docs/performance.md.

Needs matplotlib. Medians over the rounds of one run; both axes are logarithmic.
"""
import json, pathlib, statistics

ROOT = pathlib.Path(__file__).resolve().parents[2]
RESULTS = ROOT / "benches" / "results" / "routing"
OURS, CCH, CH = "sharxi", "routingkit-cch", "fast_paths"
COLOURS = {OURS: "#2a6f97", CCH: "#d1495b", CH: "#edae49"}
PANELS = [
    ("one to one, random, mean", "one to one, random, ns"),
    ("one to one, local, mean", "one to one, local, ns"),
    ("one to 1,000 random, nothing prepared", "1 x 1,000, us"),
    ("1,000 x 1,000 random", "1,000 x 1,000, ms"),
    ("all speeds new until full speed, 1 thread", "all speeds new, ms"),
    ("100 roads twice as slow until full speed, 1 thread", "100 roads changed, ms"),
    ("order, shortcuts, labels or witnesses of a new graph, 1 thread", "prepare, ms CPU"),
    ("memory of what was prepared", "memory, MB"),
]


def sizes():
    """(nodes, {measure: {engine: median}}) of each result, small maps first."""
    found = []
    for path in RESULTS.glob("scale-*.txt"):
        figures = {}
        for line in path.read_text().splitlines():
            fields = line.split("\t")
            if len(fields) > 3:
                figures.setdefault(fields[0], {})[fields[2]] = statistics.median(map(float, fields[3:]))
        about = path.with_suffix(".json")
        made = json.loads(about.read_text()) if about.exists() else {}
        nodes = int(path.read_text().split(":", 1)[1].split(" nodes", 1)[0])
        found.append((nodes, figures, made))
    return sorted(found, key=lambda each: each[0])


def number(value):
    return "" if value is None else f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def main():
    found = sizes()
    print("| measure | engine | " + " | ".join(f"{nodes:,}" for nodes, _, _ in found) + " |")
    print("|---|---|" + "---:|" * len(found))
    for key, title in PANELS:
        for engine in (OURS, CCH, CH):
            values = [figures.get(key, {}).get(engine) for _, figures, _ in found]
            if any(value is not None for value in values):
                print(f"| {title} | {engine} | " + " | ".join(map(number, values)) + " |")
    for what, title in (("copies", "copies of maps"), ("import_cpu_s", "whole import, s CPU"), ("peak_mb", "its peak memory, MB")):
        print(f"| {title} | {OURS} | " + " | ".join(number(made.get(what)) for _, _, made in found) + " |")

    import matplotlib
    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.hashsalt": "sharxi", "font.size": 8})
    from matplotlib import pyplot
    figure, axes = pyplot.subplots(2, 4, figsize=(12, 5.5), layout="constrained")
    for (key, title), panel in zip(PANELS, axes.flat):
        for engine in (OURS, CCH, CH):
            line = [(nodes, figures[key][engine]) for nodes, figures, _ in found if engine in figures.get(key, {})]
            if line:
                panel.loglog(*zip(*line), marker="o", markersize=3, color=COLOURS[engine], label=engine)
        panel.set_title(title)
        panel.set_xlabel("nodes")
    axes.flat[0].legend()
    figure.savefig(ROOT / "docs" / "images" / "scale.svg", metadata={"Date": None})


if __name__ == "__main__":
    main()
