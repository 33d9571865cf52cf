// Where each vehicle is drawn at a moment.
//
// Positions come once a second at best; between them a vehicle follows the route of its plan by the service's clock, or,
// where the plan does not explain its position, glides from the position before to the last one.

import { bearing, distanceM, mix } from '../geo';
import type { LatLon, RoutePoint } from '../protocol';

export interface Pose {
  at: LatLon;
  heading: number;
}

interface Track {
  pose: Pose;
  route: RoutePoint[];
  follows: boolean;
  from: LatLon;
  to: LatLon;
  /** Wall time at which `to` was told, and how long before it `from` was. */
  toldAt: number;
  gap: number;
}

/** How far a reported position may be from where the plan puts the vehicle, at any speed of the clock. */
const STRAY_M = 250;
/** Metres a second, for the distance a vehicle makes while a message is under way. */
const FAST_M_S = 30;
const SETTLE_MS = 140;
const GAP_MAX_MS = 3000;

/** The place on a route at a time, and the direction there; `null` for an empty route. */
export function along(route: RoutePoint[], now: number): Pose | null {
  const first = route[0];
  if (!first) return null;
  let [low, high] = [0, route.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (route[middle]![2] <= now) low = middle;
    else high = middle - 1;
  }
  const here = route[low] ?? first;
  const next = route[low + 1];
  if (!next) {
    const before = route[low - 1];
    return { at: [here[0], here[1]], heading: before ? bearing(place(before), place(here)) : 0 };
  }
  const span = next[2] - here[2];
  const share = span > 0 ? Math.min(1, Math.max(0, (now - here[2]) / span)) : 0;
  return { at: mix(place(here), place(next), share), heading: bearing(place(here), place(next)) };
}

export class Motion {
  #tracks = new Map<string, Track>();

  keepOnly(ids: { has(id: string): boolean }): void {
    for (const id of this.#tracks.keys()) if (!ids.has(id)) this.#tracks.delete(id);
  }

  plan(id: string, route: RoutePoint[], at: LatLon | undefined, wallMs: number): void {
    const start = route[0];
    const track = this.#track(id, at ?? (start && place(start)), wallMs);
    if (!track) return;
    track.route = route;
    track.follows = route.length > 1;
  }

  /** `now` is the service's time of the report. */
  report(id: string, at: LatLon, now: number, speed: number, wallMs: number): void {
    const track = this.#track(id, at, wallMs);
    if (!track) return;
    track.gap = Math.min(GAP_MAX_MS, Math.max(1, wallMs - track.toldAt));
    track.from = track.to;
    track.to = at;
    track.toldAt = wallMs;
    const planned = track.route.length > 1 ? along(track.route, now) : null;
    track.follows = planned !== null && distanceM(planned.at, at) < STRAY_M + FAST_M_S * Math.max(1, speed);
  }

  /** Moves everything on to `now`; with `still`, vehicles jump to where they were last reported. */
  step(now: number, wallMs: number, sinceMs: number, still: boolean): void {
    const settle = still ? 1 : 1 - Math.exp(-sinceMs / SETTLE_MS);
    for (const track of this.#tracks.values()) {
      const target = still ? { at: track.to, heading: 0 } : aim(track, now, wallMs);
      const moved = distanceM(track.pose.at, target.at);
      if (track.follows && !still) {
        track.pose.heading = turn(track.pose.heading, target.heading, settle);
      } else if (moved > 3) {
        track.pose.heading = turn(track.pose.heading, bearing(track.pose.at, target.at), settle);
      }
      track.pose.at = moved < 0.5 ? target.at : mix(track.pose.at, target.at, settle);
    }
  }

  pose(id: string): Pose | undefined {
    return this.#tracks.get(id)?.pose;
  }

  #track(id: string, at: LatLon | undefined, wallMs: number): Track | undefined {
    let track = this.#tracks.get(id);
    if (!track && at) {
      track = { pose: { at, heading: 0 }, route: [], follows: false, from: at, to: at, toldAt: wallMs, gap: 1 };
      this.#tracks.set(id, track);
    }
    return track;
  }
}

function aim(track: Track, now: number, wallMs: number): Pose {
  if (track.follows) {
    const planned = along(track.route, now);
    if (planned) return planned;
  }
  const share = Math.min(1, (wallMs - track.toldAt) / track.gap);
  return { at: mix(track.from, track.to, share), heading: track.pose.heading };
}

/** Turns from one heading towards another by the short way. */
function turn(from: number, to: number, share: number): number {
  const difference = ((((to - from) % 360) + 540) % 360) - 180;
  return from + difference * share;
}

function place(point: RoutePoint): LatLon {
  return [point[0], point[1]];
}
