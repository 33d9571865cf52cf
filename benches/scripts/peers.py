#!/usr/bin/env python3
"""OSRM and Valhalla beside `sharxi`, on the same extracts: cost of the import, times of single calls, agreement of travel times.

    benches/scripts/peers.py [--maps A.osm.pbf B.osm.pbf] [--trips 2000] [--runs 3] [--only import,calls,agreement]
                             [--out benches/results/routing] [--pictures docs/images] [--work DIR]

Needs Python 3.12 or newer (that is what the wheels of the peers are made for) and cargo. It makes a virtual environment of its own in
the work directory and installs there, pinned: osrm-bindings, pyvalhalla, matplotlib. Everything is measured on this machine in this run.

Import: CPU seconds (user and system, all threads) and peak memory of every process that turns the .osm.pbf into something that answers
queries, as the kernel counts them for the child; medians of --runs.
  osrm      osrm-extract with its own car profile, then osrm-contract
  valhalla  valhalla_build_tiles
  sharxi    `sharxi region build`, then `sharxi region info` on the result: the file is read and the whole index made again
Calls: from coordinates to an answer in one process, median wall time. OSRM and Valhalla are called from Python, with what that costs; their
answers hold what they always hold. sharxi is called from Rust (`benches/src/bin/trips.rs`).
Agreement: random trips whose ends lie on roads of ours. A trip counts if both engines put both ends within 5 m of what was asked.
"""
import argparse, csv, json, math, os, pathlib, random, statistics, subprocess, sys, tempfile, time

PINNED = ["osrm-bindings==26.10.0", "pyvalhalla==3.9.1", "matplotlib==3.10.*"]
ROOT = pathlib.Path(__file__).resolve().parents[2]
PROFILE = ROOT / "data" / "profiles" / "car.toml"
SNAP_M = 5.0
LONG_M = 3000.0
VALHALLA_PAIRS = 20


def python_ok(work):
    """Runs this script again inside the virtual environment, unless that is where it runs."""
    if sys.version_info < (3, 12):
        sys.exit(f"peers.py: needs Python 3.12 or newer for the wheels of the peers; this is {sys.version.split()[0]}")
    venv = work / "venv"
    inside = venv / "bin" / "python"
    if pathlib.Path(sys.prefix) == venv:
        return
    if not inside.exists():
        subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
    subprocess.run([str(inside), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PINNED], check=True)
    os.execv(inside, [str(inside), *sys.argv])


# Starts the rest of its arguments and writes what they cost: a process of its own, because a child inherits the peak of its parent.
COST = """
import os, subprocess, sys
child = subprocess.Popen(sys.argv[1:], stdout=sys.stderr)
_, status, usage = os.wait4(child.pid, 0)
print(os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)
"""


def run(command, **more):
    """(CPU seconds, peak MB, not below the 10 MB of the measuring process) of a child. Its output is shown only if it fails."""
    command = [str(part) for part in command]
    told = subprocess.run([sys.executable, "-I", "-S", "-c", COST, *command], capture_output=True, text=True, errors="replace", **more)
    code, cpu_s, peak_mb = told.stdout.split()
    if code != "0":
        sys.exit(f"peers.py: {' '.join(command)} ended with {code}:\n{told.stderr[-2000:]}")
    return float(cpu_s), float(peak_mb)


def programs():
    """Builds `sharxi` and `trips`, and says where they are."""
    subprocess.run(["cargo", "build", "--release", "--quiet", "--workspace", "--bin", "sharxi", "--bin", "trips"], cwd=ROOT, check=True)
    told = subprocess.run(["cargo", "metadata", "--format-version", "1", "--no-deps"], cwd=ROOT, check=True, capture_output=True)
    release = pathlib.Path(json.loads(told.stdout)["target_directory"]) / "release"
    return release / "sharxi", release / "trips"


class Peers:
    """What one map is made into, by each engine, in a directory of its own."""

    def __init__(self, pbf, work, sharxi):
        import osrm, valhalla
        self.pbf, self.sharxi = pbf, sharxi
        self.name = pbf.name.removesuffix(".osm.pbf")
        self.home = work / self.name
        self.home.mkdir(parents=True, exist_ok=True)
        self.osrm_home = pathlib.Path(osrm.__file__).parent
        self.valhalla_home = pathlib.Path(valhalla.__file__).parent
        self.region = self.home / "map.region"
        self.osrm_base = self.home / "map.osrm"
        link = self.home / "map.osm.pbf"
        link.unlink(missing_ok=True)
        link.symlink_to(pbf)

    def valhalla_config(self):
        import valhalla
        tiles = self.home / "tiles"
        tiles.mkdir(exist_ok=True)
        config = valhalla.get_config(tile_dir=str(tiles), tile_extract="", verbose=False)
        config["mjolnir"]["tile_extract"] = ""
        path = self.home / "valhalla.json"
        path.write_text(json.dumps(config))
        return path

    def build(self):
        """CPU seconds and peak memory of each step."""
        profile = self.osrm_home / "share" / "profiles" / "car.lua"
        pbf = self.home / "map.osm.pbf"
        steps = {
            "sharxi region build": [self.sharxi, "region", "build", pbf, "-o", self.region, "--profile", PROFILE],
            "sharxi region info": [self.sharxi, "region", "info", self.region],
            "osrm-extract": [self.osrm_home / "bin" / "osrm-extract", "-p", profile, pbf],
            "osrm-contract": [self.osrm_home / "bin" / "osrm-contract", self.osrm_base],
            "valhalla_build_tiles": [self.valhalla_home / "bin" / "valhalla_build_tiles", "-c", self.valhalla_config(), pbf],
        }
        costs = {}
        for step, command in steps.items():
            cpu_s, peak_mb = run(command, cwd=self.home)
            costs[step] = {"cpu_s": cpu_s, "peak_mb": peak_mb}
        return costs


def imported(peers, runs):
    rounds = [peers.build() for _ in range(runs)]
    middle = lambda step, what: statistics.median(costs[step][what] for costs in rounds)
    steps = {step: {what: round(middle(step, what), 3) for what in rounds[0][step]} for step in rounds[0]}
    ours = steps["sharxi region build"]["cpu_s"]
    osrm = steps["osrm-extract"]["cpu_s"] + steps["osrm-contract"]["cpu_s"]
    info = json.loads(subprocess.run([peers.sharxi, "region", "info", peers.region, "--json"], check=True, capture_output=True).stdout)
    return {"steps": steps, "rounds": rounds, "osrm_over_sharxi_cpu": round(osrm / ours, 2), "nodes": info["nodes"], "arcs": info["arcs"]}


def draw(peers, trips_bin, n, seed):
    told = subprocess.run([trips_bin, "draw", peers.region, str(n), str(seed)], check=True, capture_output=True, text=True)
    return told.stdout


def ask_sharxi(peers, trips_bin, trips):
    told = subprocess.run([trips_bin, "time", peers.region], input=trips, check=True, capture_output=True, text=True)
    rows = [tuple(map(float, line.split(","))) for line in told.stdout.splitlines()]
    return rows, json.loads(told.stderr)


def metres(a, b):
    (y1, x1), (y2, x2) = ((math.radians(v) for v in p) for p in (a, b))
    h = math.sin((y2 - y1) / 2) ** 2 + math.cos(y1) * math.cos(y2) * math.sin((x2 - x1) / 2) ** 2
    return 12742000 * math.asin(min(1.0, math.sqrt(h)))


class Osrm:
    def __init__(self, peers):
        import osrm
        self.lib = osrm
        self.engine = osrm.OSRM(algorithm="CH", storage_config=str(peers.osrm_base), use_shared_memory=False,
                                max_locations_distance_table=4000)

    def route(self, trip, **more):
        parameters = self.lib.RouteParameters(coordinates=[(trip[1], trip[0]), (trip[3], trip[2])], generate_hints=False, **more)
        return self.engine.Route(parameters)

    def table(self, trips):
        n = len(trips)
        places = [(t[1], t[0]) for t in trips] + [(t[3], t[2]) for t in trips]
        parameters = self.lib.TableParameters(coordinates=places, sources=list(range(n)), destinations=list(range(n, 2 * n)),
                                              annotations=["duration"], generate_hints=False)
        return self.engine.Table(parameters)

    def answer(self, trip):
        """Snapped ends, seconds, metres; nan if there is no way."""
        try:
            told = self.route(trip, overview="false")
        except RuntimeError:
            return (math.nan,) * 6
        (x1, y1), (x2, y2) = ([float(v) for v in place["location"]] for place in told["waypoints"])
        return y1, x1, y2, x2, float(told["routes"][0]["duration"]), float(told["routes"][0]["distance"])


class Valhalla:
    def __init__(self, peers):
        import valhalla
        self.actor = valhalla.Actor(str(peers.home / "valhalla.json"))

    def route(self, trip):
        ends = [{"lat": trip[0], "lon": trip[1]}, {"lat": trip[2], "lon": trip[3]}]
        return self.actor.route({"locations": ends, "costing": "auto"})

    def table(self, trips):
        place = lambda lat, lon: {"lat": lat, "lon": lon}
        return self.actor.matrix({"sources": [place(t[0], t[1]) for t in trips], "targets": [place(t[2], t[3]) for t in trips], "costing": "auto"})


def us(work, items):
    each = []
    for item in items:
        started = time.perf_counter()
        work(item)
        each.append((time.perf_counter() - started) * 1e6)
    return round(statistics.median(each), 3)


def calls(peers, trips_bin, n=300):
    """Median microseconds of one call, from coordinates."""
    text = draw(peers, trips_bin, n, 7)
    _, ours = ask_sharxi(peers, trips_bin, text)
    trips = [tuple(map(float, line.split(","))) for line in text.splitlines()]
    osrm, valhalla = Osrm(peers), Valhalla(peers)
    def tried(work):
        def one(trip):
            try:
                work(trip)
            except RuntimeError:
                pass  # no way: that is an answer too
        return one
    theirs = {
        "time_us": us(lambda trip: osrm.table([trip]), trips),
        "route_us": us(tried(lambda trip: osrm.route(trip, steps=True, overview="full", geometries="geojson")), trips),
        "table_1x1_us": us(lambda trip: osrm.table([trip]), trips),
        "table_100x100_us": us(lambda _: osrm.table(trips[:100]), range(5)),
        "table_1000x1000_us": us(lambda _: osrm.table((trips * 4)[:1000]), range(3)),
    }
    few = trips[:60]
    others = {
        "route_us": us(tried(valhalla.route), few),
        "table_1x1_us": us(tried(lambda trip: valhalla.table([trip])), few),
        f"table_{VALHALLA_PAIRS}x{VALHALLA_PAIRS}_us": us(tried(lambda _: valhalla.table(trips[:VALHALLA_PAIRS])), range(3)),
    }
    return {"sharxi": ours, "osrm": theirs, "valhalla": others}


def agreement(peers, trips_bin, n, out):
    """How travel times agree with OSRM's, and one line for each trip."""
    text = draw(peers, trips_bin, n, 1)
    trips = [tuple(map(float, line.split(","))) for line in text.splitlines()]
    ours, _ = ask_sharxi(peers, trips_bin, text)
    osrm = Osrm(peers)
    rows, counts = [], {"asked": len(trips), "snapped_elsewhere": 0, "no_way_ours": 0, "no_way_osrm": 0}
    for trip, mine in zip(trips, ours):
        theirs = osrm.answer(trip)
        far = lambda told: max(metres(trip[:2], told[:2]), metres(trip[2:], told[2:4])) > SNAP_M
        if math.isnan(theirs[4]) or math.isnan(mine[4]):
            counts["no_way_osrm"] += math.isnan(theirs[4])
            counts["no_way_ours"] += math.isnan(mine[4])
        elif far(mine) or far(theirs):
            counts["snapped_elsewhere"] += 1
        elif theirs[4] > 0:
            rows.append((*trip, mine[4], theirs[4], mine[5], theirs[5]))
    ratios = sorted(row[4] / row[5] for row in rows)
    long = [row for row in rows if row[7] > LONG_M]
    within = sum(abs(row[4] / row[5] - 1) <= 0.15 for row in long)
    share = lambda p: round(ratios[min(len(ratios) - 1, int(p * len(ratios)))], 4)
    with open(out / f"agreement-{peers.name}.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow("from_lat from_lon to_lat to_lon sharxi_s osrm_s sharxi_m osrm_m".split())
        writer.writerows([*(f"{v:.6f}" for v in row[:4]), *(f"{v:.1f}" for v in row[4:])] for row in rows)
    figures = {**counts, "compared": len(rows), "ratio_p05": share(0.05), "ratio_median": share(0.5), "ratio_p95": share(0.95),
               "over_3km": len(long), "over_3km_within_15_percent": round(within / max(1, len(long)), 4)}
    return figures, rows


def picture(agreed, path):
    """A histogram of the ratios for each map, and each trip as a dot."""
    import matplotlib
    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.hashsalt": "sharxi", "font.size": 8})
    from matplotlib import pyplot
    figure, axes = pyplot.subplots(2, len(agreed), figsize=(3.2 * len(agreed), 5), squeeze=False, layout="constrained")
    for column, (name, (figures, rows)) in enumerate(agreed.items()):
        ratios = [min(1.6, max(0.5, row[4] / row[5])) for row in rows]
        above, below = axes[0][column], axes[1][column]
        above.hist(ratios, bins=[0.5 + 0.02 * i for i in range(56)], color="#2a6f97")
        above.axvline(figures["ratio_median"], color="#d1495b", linewidth=1)
        above.set_title(f"{name}\nmedian {figures['ratio_median']:.3f}, {100 * figures['over_3km_within_15_percent']:.0f} % of trips over 3 km within 15 %", fontsize=7)
        above.set_xlabel("sharxi / OSRM")
        below.scatter([row[5] / 60 for row in rows], [row[4] / 60 for row in rows], s=2, color="#2a6f97", rasterized=True)
        most = max([row[5] for row in rows] + [60]) / 60
        below.plot([0, most], [0, most], color="#d1495b", linewidth=1)
        below.set_xlabel("OSRM, min")
        below.set_ylabel("sharxi, min")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None}, dpi=150)


def main():
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--maps", nargs="+", type=pathlib.Path, default=[ROOT / "data" / "regions" / "isle-of-man.osm.pbf"])
    ask.add_argument("--trips", type=int, default=2000)
    ask.add_argument("--runs", type=int, default=3)
    ask.add_argument("--only", default="import,calls,agreement")
    ask.add_argument("--out", type=pathlib.Path, default=ROOT / "benches" / "results" / "routing")
    ask.add_argument("--pictures", type=pathlib.Path, default=ROOT / "docs" / "images")
    ask.add_argument("--work", type=pathlib.Path, default=pathlib.Path(tempfile.gettempdir()) / "sharxi-peers")
    ask.add_argument("--worst", type=int, default=0, help="print so many of the trips that agree least")
    given = ask.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    python_ok(given.work.resolve())
    only = given.only.split(",")
    sharxi, trips_bin = programs()
    given.out.mkdir(parents=True, exist_ok=True)
    agreed = {}
    for pbf in given.maps:
        peers = Peers(pbf.resolve(), given.work.resolve(), sharxi)
        figures = {"map": peers.name, "load": os.getloadavg()[0], "peers": PINNED}
        if "import" in only or not pathlib.Path(f"{peers.osrm_base}.hsgr").exists():
            figures["import"] = imported(peers, given.runs)
        else:
            run([sharxi, "region", "build", peers.pbf, "-o", peers.region, "--profile", PROFILE])
        if "calls" in only:
            figures["calls"] = calls(peers, trips_bin)
        if "agreement" in only:
            figures["agreement"], rows = agreement(peers, trips_bin, given.trips, given.out)
            agreed[peers.name] = figures["agreement"], rows
            worst = sorted((row for row in rows if row[7] > LONG_M), key=lambda row: -abs(math.log(row[4] / row[5])))
            for row in worst[:given.worst]:
                print(f"{row[4] / row[5]:.2f}  {row[0]:.6f},{row[1]:.6f} {row[2]:.6f},{row[3]:.6f}  "
                      f"sharxi {row[4]:.0f} s {row[6]:.0f} m  OSRM {row[5]:.0f} s {row[7]:.0f} m")
        told = json.dumps(figures, indent=1)
        if set(only) == {"import", "calls", "agreement"}:
            (given.out / f"peers-{peers.name}.json").write_text(told + "\n")
        print(told, flush=True)
    if agreed:
        picture(agreed, given.pictures / "agreement-osrm.svg")


if __name__ == "__main__":
    main()
