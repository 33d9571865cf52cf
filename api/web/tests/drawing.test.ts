import { describe, expect, test } from 'vitest';
import { ServiceClock } from '../src/lib/clock';
import { bearing, distanceM, nearestPlace } from '../src/lib/geo';
import { planLines, planStops, riderPoints } from '../src/lib/map/features';
import { Motion, along } from '../src/lib/map/motion';
import type { Plan, RoutePoint } from '../src/lib/protocol';
import { minutesLeft, urgency } from '../src/lib/urgency';
import type { Ride } from '../src/lib/world';
import { fromField, toField, zoneFor } from '../src/lib/zone';

const ROUTE: RoutePoint[] = [[54, -4, 1000], [54.01, -4, 2000], [54.01, -3.99, 3000]];

describe('clock', () => {
  test('runs at the speed of the service', () => {
    const clock = new ServiceClock();
    clock.set(10_000, 20, 500);
    expect(clock.at(600)).toBe(12_000);
  });

  test('takes up small differences slowly, great ones at once', () => {
    const clock = new ServiceClock();
    clock.set(0, 1, 0);
    clock.adjust(1100, 1000);
    expect(clock.at(1000)).toBeCloseTo(1010);
    clock.adjust(60_000, 1000);
    expect(clock.at(1000)).toBe(60_000);
  });
});

describe('motion', () => {
  test('a route by the clock', () => {
    expect(along(ROUTE, 0)?.at).toEqual([54, -4]);
    expect(along(ROUTE, 1500)?.at[0]).toBeCloseTo(54.005, 9);
    expect(along(ROUTE, 1500)?.heading).toBe(0);
    expect(along(ROUTE, 2500)?.heading).toBeCloseTo(90, 0);
    expect(along(ROUTE, 9999)?.at).toEqual([54.01, -3.99]);
    expect(along([], 0)).toBeNull();
  });

  test('follows the plan while the reports agree with it', () => {
    const motion = new Motion();
    motion.report('v', [54, -4], 1000, 1, 0);
    motion.plan('v', ROUTE, [54, -4], 0);
    motion.report('v', [54.005, -4.0001], 1500, 1, 500);
    motion.step(2000, 1000, 10_000, false);
    expect(motion.pose('v')?.at[0]).toBeCloseTo(54.01, 5);
  });

  test('glides between reports when it is elsewhere', () => {
    const motion = new Motion();
    motion.plan('v', ROUTE, [54, -4], 0);
    motion.report('v', [54.2, -4.2], 1500, 1, 0);
    motion.report('v', [54.3, -4.2], 2500, 1, 1000);
    motion.step(3000, 1500, 10_000, false);
    expect(motion.pose('v')?.at[0]).toBeCloseTo(54.25, 5);
  });

  test('with reduced motion a vehicle stands where it was reported', () => {
    const motion = new Motion();
    motion.plan('v', ROUTE, [54, -4], 0);
    motion.report('v', [54.001, -4], 1100, 1, 1000);
    motion.step(2900, 1500, 16, true);
    expect(motion.pose('v')?.at).toEqual([54.001, -4]);
  });
});

describe('features', () => {
  const visit = { requestId: 'r', action: 'board', at: [54.02, -4], arriveAt: 0, beginAt: 0, endAt: 0 } as const;
  const plan: Plan = {
    vehicleId: 'v', version: 1, next: { act: 'arrive' }, route: ROUTE, onBoard: [],
    visits: [{ ...visit, at: [54.02, -4] }, { ...visit, at: [54.02, -4] }, { ...visit, at: [54.03, -4] }],
  };

  test('the leg begins where the vehicle is', () => {
    const [leg] = planLines(plan, 1500).features;
    expect(leg?.geometry.coordinates[0]?.[1]).toBeCloseTo(54.005, 9);
    expect(leg?.geometry.coordinates).toHaveLength(3);
  });

  test('visits at one spot share a number', () => {
    expect(planStops(plan).features.map(({ properties }) => properties?.label)).toEqual(['1', '2']);
  });

  test('only who waits has a pin', () => {
    const ride: Ride = { id: 'r', state: 'promised', from: [54, -4], passengers: 1, wheelchairs: 0, promise: 'held', pickupBy: 130_000 };
    const { features } = riderPoints([ride, { ...ride, id: 's', state: 'on_board' }], 0);
    expect(features.map(({ properties }) => properties)).toMatchObject([{ id: 'r', urgency: 'soon', left: '2 min' }]);
  });
});

test('urgency', () => {
  expect(urgency(0, 600_000, 'held')).toBe('calm');
  expect(urgency(0, 180_000 - 1, 'held')).toBe('soon');
  expect(urgency(0, 180_000, 'held')).toBe('calm');
  expect(urgency(1, 0, 'held')).toBe('late');
  expect(urgency(0, 600_000, 'at_risk')).toBe('soon');
  expect(urgency(0, 600_000, 'broken')).toBe('late');
  expect([minutesLeft(0, 59_999), minutesLeft(0, 60_000), minutesLeft(1, 0)]).toEqual([0, 1, -1]);
});

test('distances and places', () => {
  expect(distanceM([54, -4], [54.01, -4])).toBeCloseTo(1112, 0);
  expect(bearing([54, -4], [54, -3.9])).toBeCloseTo(90, 5);
  const place = (name: string, lat: number) => ({ name, kind: 'village', at: [lat, -4] as [number, number], population: 0 });
  expect(nearestPlace([place('A', 54), place('B', 54.2)], [54.15, -4])?.name).toBe('B');
});

test('times in a form and back', () => {
  const at = Date.parse('2025-05-13T06:30:00Z');
  expect(toField(at, { offsetMin: 60 })).toBe('2025-05-13T07:30');
  for (const zone of ['local', { offsetMin: -90 }] as const) expect(fromField(toField(at, zone), zone)).toBe(at);
  expect(fromField('', 'local')).toBeUndefined();
  expect([zoneFor(null, 1), zoneFor(null, 20), zoneFor(120, 1)]).toEqual(['local', { offsetMin: 0 }, { offsetMin: 120 }]);
});
