#!/usr/bin/env python3
"""Looks at the live feeds of a service with programs of others, and at wait_time with offers.

Usage: feeds.py ADDRESS [--schemas FOLDER] [--asks N] [--open N]

Needs gtfs-validator, gtfs-rt-validator and jsonschema from PyPI; the schemas of GOFS 1.0 (files NAME.schema.json) in FOLDER. Brings
twelve vehicles into service first, so the service should be a fresh one without [auth]. gtfs-rt-validator wants stops.txt, which a
Flex feed of zones has not: it gets a copy of the feed with the region's places as stops, of which it only uses the area that they cover.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import zipfile
from datetime import datetime

FILES = ["gofs", "gofs_versions", "system_information", "service_brands", "vehicle_types", "zones", "operating_rules", "calendars", "booking_rules"]


def fetch(url):
    with urllib.request.urlopen(url, timeout=20) as answer:
        return answer.read()


def command(base, role, name, body):
    body = {"as": {"role": role, "name": name}} | body
    request = urllib.request.Request(f"{base}/v1/commands", json.dumps(body).encode(), {"content-type": "application/json"})
    try:
        return json.loads(fetch(request))
    except urllib.error.HTTPError as error:
        return json.loads(error.read())


def start(base, places, run):
    n_started = 0
    for n, place in enumerate(places):
        shift = {"id": f"{run}-v{n}", "type": "start_shift", "vehicle_id": f"{run}-v{n}", "vehicle_type": "taxi", "seats": 6,
                 "wheelchairs": 1, "at": [place["lat"], place["lon"]], "shift_end": "2100-01-01T00:00:00Z"}
        n_started += command(base, "operator", "feeds", shift)["type"] == "ok"
        if n_started == 12:
            return


def with_stops(feed, places, copy):
    with zipfile.ZipFile(feed) as old, zipfile.ZipFile(copy, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
        rows = [f"p{n},Place {n},{place['lat']},{place['lon']}" for n, place in enumerate(places)]
        new.writestr("stops.txt", "\n".join(["stop_id,stop_name,stop_lat,stop_lon", *rows]) + "\n")


def schemas(base, folder):
    """How many GOFS files fit their schemas."""
    import jsonschema

    n_fit = 0
    for name in FILES:
        path = folder / f"{name}.schema.json"
        if not path.exists():
            print(f"GOFS {name}: no schema is published")
            continue
        kind = jsonschema.validators.validator_for(json.loads(path.read_text()))
        faults = list(kind(json.loads(path.read_text())).iter_errors(json.loads(fetch(f"{base}/feeds/gofs/{name}.json"))))
        for fault in faults:
            print(f"GOFS {name}: {fault.json_path}: {fault.message[:200]}")
        n_fit += not faults
    print(f"GOFS: {n_fit} files fit their schemas")
    return n_fit


def waits(base, places, run, n_asks, n_open):
    """Asks wait_time, then for the very ride; both say when the vehicle comes. So many accepted rides stay open that some find no vehicle."""
    took, n_agree, n_asked, apart, accepted = [], 0, 0, [], []
    for n in range(n_asks):
        time.sleep(0.1)
        while n_open < len(accepted):
            command(base, "rider", *accepted.pop(0))
        a, b = places[n * 7 % len(places)], places[(n * 7 + 3 + n % 5) % len(places)]
        query = f"pickup_lat={a['lat']}&pickup_lon={a['lon']}&drop_off_lat={b['lat']}&drop_off_lon={b['lon']}"
        begin = time.monotonic()
        told = json.loads(fetch(f"{base}/feeds/gofs/wait_time?{query}"))["data"]["wait_times"]
        took.append((time.monotonic() - begin) * 1000)
        asked = time.time()
        ride = {"id": f"{run}-q{n}", "type": "request_ride", "request_id": f"{run}-r{n}", "from": [a["lat"], a["lon"]],
                "to": [b["lat"], b["lon"]], "kind": "now", "accept": False}
        answer = command(base, "rider", f"{run}-{n % 40}", ride)
        if answer["type"] != "ok":
            continue
        n_asked += 1
        if answer["result"] == "offered" and told:
            offered = datetime.fromisoformat(answer["pickup_at"].replace("Z", "+00:00")).timestamp() - asked
            apart.append(abs(offered - told[0]["wait_time"]))
            n_agree += apart[-1] <= 60
            if apart[-1] > 60:
                print("apart:", query, told, apart[-1])
            # Two in three ride, so that plans fill; the others say no.
            kind = "decline_offer" if n % 3 == 0 else "accept_offer"
            command(base, "rider", f"{run}-{n % 40}", {"id": f"{run}-a{n}", "type": kind, "request_id": f"{run}-r{n}"})
            if kind == "accept_offer":
                accepted.append((f"{run}-{n % 40}", {"id": f"{run}-c{n}", "type": "cancel_ride", "request_id": f"{run}-r{n}"}))
        else:
            is_same = answer["result"] == "rejected" and not told
            n_agree += is_same
            if not is_same:
                print("differs:", query, told, answer["result"], answer.get("reason", ""), answer.get("pickup_at", ""))
    took.sort()
    apart.sort()
    at = lambda list, share: list[int((len(list) - 1) * share)] if list else float("nan")
    print(f"wait_time: {len(took)} answers, ms p50 {at(took, .5):.1f} p99 {at(took, .99):.1f} max {took[-1]:.1f}; "
          f"{n_agree} of {n_asked} agree with the offer made next ({len(apart)} offers, apart p50 {at(apart, .5):.1f} s p95 {at(apart, .95):.1f} s)")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("address")
    parser.add_argument("--schemas", type=pathlib.Path)
    parser.add_argument("--asks", type=int, default=300)
    parser.add_argument("--open", type=int, default=24)
    args = parser.parse_args()
    base = f"http://{args.address}"
    places = json.loads(fetch(f"{base}/v1/region"))["places"]
    run = f"f{int(time.time())}"
    start(base, places, run)
    time.sleep(2)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "flex.zip").write_bytes(fetch(f"{base}/feeds/gtfs-flex.zip"))
        with_stops(folder / "flex.zip", places, folder / "stops.zip")
        static = subprocess.run(["gtfs-validator", "-i", str(folder / "flex.zip"), "-o", str(folder / "static"), "--fail-on-error"], capture_output=True, text=True)
        notices = json.loads((folder / "static" / "report.json").read_text())["notices"]
        print("gtfs-validator:", [(notice["code"], notice["severity"]) for notice in notices], static.stderr.strip()[-400:])
        live = subprocess.run(["gtfs-rt-validator", "-gtfs", str(folder / "stops.zip"), "-vp", f"{base}/feeds/gtfs-rt/vehicle-positions.pb",
                               "-sa", f"{base}/feeds/gtfs-rt/alerts.pb", "--out", str(folder / "live"), "--fail-on-error"], capture_output=True, text=True)
        print("gtfs-rt-validator:", live.returncode, (live.stdout + live.stderr).strip()[-400:])
    good = live.returncode == 0 and static.returncode == 0
    if args.schemas:
        schemas(base, args.schemas)
    waits(base, places, run, args.asks, args.open)
    sys.exit(0 if good else 1)


main()
