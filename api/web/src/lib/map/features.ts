// Fleet and riders as GeoJSON. Longitude first here, as its standard says.

import type { Feature, FeatureCollection, LineString, Point, Position } from 'geojson';
import type { LatLon, Plan } from '../protocol';
import { minutesLeft, urgency } from '../urgency';
import { isEnded, isWaiting, type Ride, type Vehicle } from '../world';
import type { Motion } from './motion';

export type Points = FeatureCollection<Point>;
export type Lines = FeatureCollection<LineString>;

export function vehiclePoints(vehicles: Vehicle[], motion: Motion, selected: string | undefined): Points {
  const features: Feature<Point>[] = [];
  for (const { id, state, riders } of vehicles) {
    const pose = motion.pose(id);
    if (!pose) continue;
    const heading = Math.round(pose.heading);
    const label = riders > 0 ? String(riders) : '';
    features.push(point(pose.at, { id, state, heading, riders: label, selected: id === selected }));
  }
  return collection(features);
}

export function riderPoints(rides: Ride[], now: number): Points {
  const features: Feature<Point>[] = [];
  for (const ride of rides) {
    if (!ride.from || !isWaiting(ride)) continue;
    const by = ride.pickupBy;
    const left = by === undefined ? '' : `${minutesLeft(now, by)} min`;
    const order = by === undefined ? 0 : -Math.round(by / 1000 - 1.7e9);
    features.push(point(ride.from, { id: ride.id, urgency: urgency(now, by, ride.promise), left, order }));
  }
  return collection(features);
}

export function goalPoints(rides: Ride[]): Points {
  const open = rides.filter((ride) => ride.to && !isEnded(ride));
  return collection(open.map((ride) => point(ride.to as LatLon, { id: ride.id })));
}

/** The leg under way of every vehicle that drives with or to riders. */
export function legLines(vehicles: Vehicle[], now: number): Lines {
  const features: Feature<LineString>[] = [];
  for (const { id, state, plan } of vehicles) {
    if (state !== 'driving' || !plan) continue;
    const line = ahead(plan, now);
    if (line.length > 1) features.push(lineString(line, { id }));
  }
  return collection(features);
}

/** The route of a selected vehicle: the leg exactly, what comes after it as straight strokes from stop to stop. */
export function planLines(plan: Plan | undefined, now: number): Lines {
  if (!plan) return collection([]);
  const leg = ahead(plan, now);
  const features = leg.length > 1 ? [lineString(leg, { part: 'leg' })] : [];
  const end = leg.at(-1);
  const later = plan.visits.map(({ at }) => lonLat(at));
  if (end) later.unshift(end);
  if (later.length > 1) features.push(lineString(later, { part: 'later' }));
  return collection(features);
}

/** Numbered stops; visits at one spot in a row share a number. */
export function planStops(plan: Plan | undefined): Points {
  const features: Feature<Point>[] = [];
  let before: LatLon | undefined;
  for (const { at } of plan?.visits ?? []) {
    if (before && before[0] === at[0] && before[1] === at[1]) continue;
    features.push(point(at, { label: String(features.length + 1) }));
    before = at;
  }
  return collection(features);
}

/** From pickup to destination of a selected ride. */
export function rideLine(ride: Ride): Lines {
  if (!ride.from || !ride.to) return collection([]);
  return collection([lineString([lonLat(ride.from), lonLat(ride.to)], { part: 'later' })]);
}

export function rideStops(ride: Ride): Points {
  const ends: [LatLon | undefined, string][] = [[ride.from, 'A'], [ride.to, 'B']];
  return collection(ends.flatMap(([at, label]) => (at ? [point(at, { label })] : [])));
}

export function pickPoints(from: LatLon | undefined, to: LatLon | undefined): Points {
  const ends: [LatLon | undefined, string][] = [[from, 'from'], [to, 'to']];
  return collection(ends.flatMap(([at, end]) => (at ? [point(at, { end })] : [])));
}

function ahead(plan: Plan, now: number): Position[] {
  const rest = plan.route.filter(([, , at]) => at >= now);
  const passed = plan.route.length - rest.length;
  const line = rest.map(([lat, lon]): Position => [lon, lat]);
  const last = plan.route[passed - 1];
  const next = plan.route[passed];
  if (last && next && next[2] > last[2]) {
    const share = (now - last[2]) / (next[2] - last[2]);
    line.unshift([last[1] + (next[1] - last[1]) * share, last[0] + (next[0] - last[0]) * share]);
  }
  return line;
}

function lonLat([lat, lon]: LatLon): Position {
  return [lon, lat];
}

function point(at: LatLon, properties: Record<string, unknown>): Feature<Point> {
  return { type: 'Feature', geometry: { type: 'Point', coordinates: lonLat(at) }, properties };
}

function lineString(coordinates: Position[], properties: Record<string, unknown>): Feature<LineString> {
  return { type: 'Feature', geometry: { type: 'LineString', coordinates }, properties };
}

function collection<T extends Point | LineString>(features: Feature<T>[]): FeatureCollection<T> {
  return { type: 'FeatureCollection', features };
}
