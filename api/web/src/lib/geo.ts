// Small geometry on [latitude, longitude], good enough for drawing within one region.

import type { LatLon, Place } from './protocol';

const METRES_PER_DEGREE = 111_195;

export function distanceM(a: LatLon, b: LatLon): number {
  const [north, east] = offsetM(a, b);
  return Math.hypot(north, east);
}

/** Degrees clockwise from north of the way from `a` to `b`. */
export function bearing(a: LatLon, b: LatLon): number {
  const [north, east] = offsetM(a, b);
  return (Math.atan2(east, north) * 180) / Math.PI;
}

export function mix(a: LatLon, b: LatLon, share: number): LatLon {
  return [a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share];
}

export function nearestPlace(places: Place[], at: LatLon): Place | undefined {
  let nearest: Place | undefined;
  let least = Infinity;
  for (const place of places) {
    const far = distanceM(place.at, at);
    if (far < least) {
      least = far;
      nearest = place;
    }
  }
  return nearest;
}

function offsetM(a: LatLon, b: LatLon): [north: number, east: number] {
  const shrink = Math.cos((((a[0] + b[0]) / 2) * Math.PI) / 180);
  return [(b[0] - a[0]) * METRES_PER_DEGREE, (b[1] - a[1]) * METRES_PER_DEGREE * shrink];
}
