import { describe, expect, test } from 'vitest';
import { decode, decodePlaces } from '../src/lib/protocol';

const T = '2025-05-13T06:30:00.000Z';
const at = Date.parse(T);
const read = (value: unknown) => decode(JSON.stringify(value));

describe('decode', () => {
  test('a welcome with its region and clock', () => {
    const region = { name: 'R', bounds: [54, -5, 55, -4], attribution: 'A' };
    const message = read({ type: 'welcome', protocol: 1, now: T, speed: 20, seq: 7, region, policy: { max_wait_s: 600 } });
    expect(message).toMatchObject({ type: 'welcome', now: at, speed: 20, seq: 7, maxWaitS: 600, zoneMin: null, region });
  });

  test('the offset that a time names is the zone', () => {
    const region = { name: 'R', bounds: [54, -5, 55, -4], attribution: '' };
    const message = read({ type: 'welcome', now: '2025-05-13T08:30:00.000+02:00', speed: 1, seq: 0, region });
    expect(message).toMatchObject({ now: at, zoneMin: 120 });
  });

  test('a promise', () => {
    const message = read({ type: 'event', seq: 3, t: T, kind: 'promised', request_id: 'r', vehicle_id: 'v', pickup_by: T });
    expect(message).toMatchObject({ event: { seq: 3, kind: 'promised', requestId: 'r', vehicleId: 'v', times: { pickupBy: at } } });
  });

  test('bad entries are left out, good ones stay', () => {
    const message = read({ type: 'positions', t: T, vehicles: [['v1', 54.1, -4.5, 2], ['v2', 'x', 0, 0], null, ['v3', 99, 0, 0]] });
    expect(message).toEqual({ type: 'positions', at, vehicles: [{ id: 'v1', at: [54.1, -4.5], onBoard: 2 }] });
  });

  test('a histogram always has 16 bins', () => {
    const message = read({ type: 'kpi', t: T, wait_histogram: [1, -2, 'x'] });
    expect(message?.type === 'kpi' && message.kpi.histogram).toEqual([1, ...Array(15).fill(0)]);
  });

  test.each(['', '{', '[]', 'null', '7', '{"type":"new thing"}', '{"type":"welcome"}', '{"type":"event"}', '{"type":"plan"}'])(
    'what is not understood is null: %s',
    (text) => expect(decode(text)).toBeNull(),
  );

  test('nothing of a known shape breaks it', () => {
    const junk = [null, 7, 'x', [], {}, [[]], [null], { at: {} }, true];
    for (const type of ['welcome', 'snapshot', 'gap', 'event', 'plan', 'positions', 'kpi', 'ok', 'error', 'closing']) {
      for (const value of junk) {
        const fields = ['now', 'region', 'rides', 'vehicles', 'kpi', 'visits', 'route', 'next', 'wait_s', 'alternative', 'id', 'kind', 't'];
        expect(() => read({ type, seq: 1, vehicle_id: 'v', ...Object.fromEntries(fields.map((field) => [field, value])) })).not.toThrow();
      }
    }
  });

  test('places without a name or a spot are left out', () => {
    const places = [{ name: 'A', kind: 'town', lat: 54, lon: -4, population: 9 }, { name: 'B' }, { lat: 1, lon: 1 }];
    expect(decodePlaces({ places })).toEqual([{ name: 'A', kind: 'town', at: [54, -4], population: 9 }]);
  });
});
