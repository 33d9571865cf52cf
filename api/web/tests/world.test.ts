import { describe, expect, test } from 'vitest';
import type { FleetEvent, Plan } from '../src/lib/protocol';
import { KEPT, World, stateOf } from '../src/lib/world';

let seq = 0;
function event(kind: string, fields: Partial<FleetEvent>): { type: 'event'; event: FleetEvent } {
  return { type: 'event', event: { seq: ++seq, at: 0, kind, times: {}, ...fields } };
}

function plan(fields: Partial<Plan>): Plan {
  return { vehicleId: 'v', version: 1, next: { act: 'idle' }, visits: [], route: [], onBoard: [], ...fields };
}

function withVehicle(): World {
  const world = new World();
  world.apply(event('shift_started', { vehicleId: 'v', position: [54, -4], vehicleType: 'car', seats: 4 }));
  return world;
}

describe('world', () => {
  test('a ride from request to arrival', () => {
    const world = withVehicle();
    world.apply(event('requested', { requestId: 'r', from: [54, -4], to: [54.1, -4], passengers: 2 }));
    expect(world.rides.get('r')).toMatchObject({ state: 'requested', passengers: 2 });
    world.apply(event('promised', { requestId: 'r', vehicleId: 'v', times: { pickupBy: 900_000 } }));
    expect(world.rides.get('r')).toMatchObject({ state: 'promised', vehicleId: 'v', pickupBy: 900_000, promise: 'held' });
    world.apply(event('boarded', { requestId: 'r', vehicleId: 'v' }));
    world.apply({ type: 'plan', plan: plan({ onBoard: ['r'], next: { act: 'arrive' } }) });
    expect(world.vehicles.get('v')).toMatchObject({ riders: 2, state: 'driving' });
    world.apply(event('alighted', { requestId: 'r', vehicleId: 'v' }));
    expect(world.rides.get('r')?.state).toBe('completed');
  });

  test('a broken promise stays broken', () => {
    const world = withVehicle();
    world.apply(event('promised', { requestId: 'r', vehicleId: 'v' }));
    world.apply(event('promise_broken', { requestId: 'r', lateS: 60 }));
    world.apply(event('promise_at_risk', { requestId: 'r', lateS: 30 }));
    expect(world.rides.get('r')).toMatchObject({ state: 'promised', promise: 'broken' });
  });

  test('an older plan is void', () => {
    const world = withVehicle();
    world.apply({ type: 'plan', plan: plan({ version: 5, next: { act: 'board' } }) });
    world.apply({ type: 'plan', plan: plan({ version: 4 }) });
    expect(world.vehicles.get('v')).toMatchObject({ state: 'serving', plan: { version: 5 } });
  });

  test('who rides in a vehicle that breaks down is stranded', () => {
    const world = withVehicle();
    world.apply(event('boarded', { requestId: 'r', vehicleId: 'v' }));
    world.apply({ type: 'plan', plan: plan({ onBoard: ['r'] }) });
    world.apply(event('broke_down', { vehicleId: 'v', position: [54, -4] }));
    expect(world.vehicles.get('v')?.state).toBe('out');
    expect(world.rides.get('r')?.state).toBe('stranded');
  });

  test('a snapshot replaces, a refresh leaves the rides alone', () => {
    const world = withVehicle();
    world.apply(event('promised', { requestId: 'r', vehicleId: 'v' }));
    world.refresh([{ id: 'w', type: '', seats: 4, wheelchairs: 0, state: 'idle', onBoard: [] }]);
    expect([...world.vehicles.keys()]).toEqual(['w']);
    expect(world.rides.size).toBe(1);
    world.apply({ type: 'snapshot', seq: 9, at: 0, rides: [], vehicles: [] });
    expect([world.vehicles.size, world.rides.size]).toEqual([0, 0]);
  });

  test('feed and ended rides are bounded', () => {
    const world = new World();
    for (let n = 0; n < KEPT.ended + 50; n++) {
      world.apply(event('promised', { requestId: `r${n}` }));
      world.apply(event('cancelled', { requestId: `r${n}` }));
    }
    expect(world.feed).toHaveLength(KEPT.feed);
    expect(world.feed[0]?.seq).toBe(seq);
    expect(world.rides.size).toBe(KEPT.ended);
  });

  test.each([
    ['idle', {}, 'idle'],
    ['board', {}, 'serving'],
    ['arrive', { onBoard: ['r'] }, 'driving'],
    ['depart', {}, 'repositioning'],
  ] as const)('next %s means %j %s', (act, fields, state) => {
    expect(stateOf(plan({ ...fields, onBoard: 'onBoard' in fields ? [...fields.onBoard] : [], next: { act } }))).toBe(state);
  });
});
