// Messages of the service (docs/protocol.md, version 1), decoded into types that the page can trust.
//
// Decoding never throws: what is not understood becomes `null` and is the caller's to note. Times are milliseconds
// since 1970 here, places are [latitude, longitude] as on the wire.

import type * as wire from './wire';
import type { VehicleState } from './wire';

export type LatLon = [lat: number, lon: number];

export const VEHICLE_STATES = ['idle', 'driving', 'serving', 'repositioning', 'out'] as const satisfies readonly VehicleState[];
export type { VehicleState };

export type RideState = 'requested' | wire.RideState;

/** What a rider was offered or promised, as far as the message tells. */
export interface Times {
  readyAt?: number;
  pickupBy?: number;
  dropoffBy?: number;
  pickupAt?: number;
  dropoffAt?: number;
  expiresAt?: number;
}

export interface RideRecord extends Times {
  id: string;
  state: RideState;
  from?: LatLon;
  to?: LatLon;
  vehicleId?: string;
  passengers: number;
  wheelchairs: number;
}

export interface Visit {
  requestId: string;
  action: 'board' | 'alight';
  at: LatLon;
  arriveAt: number;
  beginAt: number;
  endAt: number;
}

export type RoutePoint = [lat: number, lon: number, at: number];

export interface Plan {
  vehicleId: string;
  version: number;
  next: { act: 'depart' | 'arrive' | 'board' | 'alight' | 'idle'; at?: number; requestId?: string };
  visits: Visit[];
  route: RoutePoint[];
  onBoard: string[];
}

export interface VehicleRecord {
  id: string;
  type: string;
  seats: number;
  wheelchairs: number;
  at?: LatLon;
  state: VehicleState;
  onBoard: string[];
  plan?: Plan;
}

export interface Kpi {
  at: number;
  requests: number;
  promised: number;
  rejected: number;
  cancelled: number;
  completed: number;
  broken: number;
  atRisk: number;
  onBoard: number;
  waiting: number;
  vehicles: number;
  wait: { mean: number; p50: number; p95: number; max: number };
  /** Minute 0-1 … 14-15, then everything over 15. */
  histogram: number[];
  pooledShare?: number;
  coverage?: number;
}

export interface Region {
  name: string;
  bounds: [south: number, west: number, north: number, east: number];
  attribution: string;
}

export interface Place {
  name: string;
  kind: string;
  at: LatLon;
  population: number;
}

export interface FleetEvent {
  seq: number;
  at: number;
  kind: string;
  requestId?: string;
  vehicleId?: string;
  fromVehicleId?: string;
  from?: LatLon;
  to?: LatLon;
  position?: LatLon;
  passengers?: number;
  wheelchairs?: number;
  vehicleType?: string;
  seats?: number;
  by?: string;
  reason?: string;
  lateS?: number;
  alternative?: Alternative;
  times: Times;
}

export interface Alternative {
  departAt: number;
  pickupAt: number;
}

export interface Answer {
  ok: boolean;
  id: string;
  result?: string;
  reason?: string;
  alternative?: Alternative;
  times: Times;
  vehicleId?: string;
  code?: string;
  message?: string;
}

export type ServerMessage =
  | { type: 'welcome'; now: number; speed: number; seq: number; region: Region; maxWaitS: number; zoneMin: number | null }
  | { type: 'snapshot'; seq: number; at: number; rides: RideRecord[]; vehicles: VehicleRecord[]; kpi?: Kpi }
  | { type: 'gap'; seq: number }
  | { type: 'event'; event: FleetEvent }
  | { type: 'plan'; plan: Plan }
  | { type: 'positions'; at: number; vehicles: { id: string; at: LatLon; onBoard: number }[] }
  | { type: 'kpi'; kpi: Kpi }
  | { type: 'answer'; answer: Answer }
  | { type: 'closing'; reason: string };

export type RideWish = Omit<Extract<wire.Command, { type: 'request_ride' }>, 'id' | 'type'>;

export type Command =
  | ({ type: 'request_ride' } & RideWish)
  | { type: 'accept_offer' | 'decline_offer' | 'cancel_ride'; request_id: string }
  | { type: 'subscribe'; positions: boolean };

/** Bounds of what one message may bring; more than this is cut off. */
export const LIMITS = { vehicles: 20_000, rides: 100_000, visits: 128, routePoints: 20_000, places: 5_000 } as const;

type Json = Record<string, unknown>;

/** A message of the service, or `null` when it is not one that this page knows. */
export function decode(text: string): ServerMessage | null {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isObject(json)) return null;
  switch (json.type) {
    case 'welcome':
      return welcome(json);
    case 'snapshot':
      return {
        type: 'snapshot',
        seq: count(json.seq),
        at: time(json.t) ?? 0,
        rides: list(json.rides, decodeRide, LIMITS.rides),
        vehicles: list(json.vehicles, decodeVehicle, LIMITS.vehicles),
        kpi: decodeKpi(json.kpi) ?? undefined,
      };
    case 'gap':
      return { type: 'gap', seq: count(json.seq) };
    case 'event': {
      const event = decodeEvent(json);
      return event && { type: 'event', event };
    }
    case 'plan': {
      const plan = decodePlan(json);
      return plan && { type: 'plan', plan };
    }
    case 'positions':
      return { type: 'positions', at: time(json.t) ?? 0, vehicles: list(json.vehicles, position, LIMITS.vehicles) };
    case 'kpi': {
      const kpi = decodeKpi(json);
      return kpi && { type: 'kpi', kpi };
    }
    case 'ok':
    case 'error':
      return typeof json.id === 'string' ? { type: 'answer', answer: decodeAnswer(json, json.id) } : null;
    case 'closing':
      return { type: 'closing', reason: text64(json.reason) ?? '' };
    default:
      return null;
  }
}

function welcome(json: Json): ServerMessage | null {
  const now = time(json.now);
  const region = decodeRegion(json.region);
  if (now === undefined || !region) return null;
  const speed = number(json.speed);
  const policy = isObject(json.policy) ? json.policy : {};
  return {
    type: 'welcome',
    now,
    speed: speed !== undefined && speed >= 0 ? speed : 1,
    seq: count(json.seq),
    region,
    maxWaitS: number(policy.max_wait_s) ?? 900,
    zoneMin: zoneOffset(json.now),
  };
}

export function decodeRegion(json: unknown): Region | null {
  if (!isObject(json) || !Array.isArray(json.bounds)) return null;
  const [south, west, north, east] = json.bounds.map(number);
  if (south === undefined || west === undefined || north === undefined || east === undefined) return null;
  if (!(south < north && west < east)) return null;
  return {
    name: text64(json.name) ?? '',
    bounds: [south, west, north, east],
    attribution: typeof json.attribution === 'string' ? json.attribution.slice(0, 200) : '',
  };
}

export function decodePlaces(json: unknown): Place[] {
  return list(isObject(json) ? json.places : undefined, decodePlace, LIMITS.places);
}

function decodePlace(json: unknown): Place | null {
  if (!isObject(json)) return null;
  const at = latLon([json.lat, json.lon]);
  const name = text64(json.name);
  return at && name ? { name, kind: text64(json.kind) ?? '', at, population: count(json.population) } : null;
}

/** The vehicles of `GET /v1/vehicles`: a bare list, or one under `vehicles`. */
export function decodeVehicles(json: unknown): VehicleRecord[] {
  return list(isObject(json) ? json.vehicles : json, decodeVehicle, LIMITS.vehicles);
}

const RIDE_STATES: Record<string, RideState> = {
  requested: 'requested',
  offered: 'offered',
  promised: 'promised',
  on_board: 'on_board',
  boarded: 'on_board',
  stranded: 'stranded',
  completed: 'completed',
  alighted: 'completed',
  rejected: 'rejected',
  expired: 'expired',
  cancelled: 'cancelled',
  no_show: 'no_show',
  aborted: 'aborted',
};

function decodeRide(json: unknown): RideRecord | null {
  if (!isObject(json)) return null;
  const id = text64(json.request_id);
  const state = RIDE_STATES[String(json.state)];
  if (!id || !state) return null;
  return {
    id,
    state,
    from: latLon(json.from),
    to: latLon(json.to),
    vehicleId: text64(json.vehicle_id),
    passengers: count(json.passengers) || 1,
    wheelchairs: count(json.wheelchairs),
    ...times(json),
  };
}

function decodeVehicle(json: unknown): VehicleRecord | null {
  if (!isObject(json)) return null;
  const id = text64(json.vehicle_id);
  if (!id) return null;
  return {
    id,
    type: text64(json.vehicle_type) ?? '',
    seats: count(json.seats),
    wheelchairs: count(json.wheelchairs),
    at: latLon([json.lat, json.lon]),
    state: VEHICLE_STATES.find((known) => known === json.state) ?? 'idle',
    onBoard: list(json.on_board, text64, LIMITS.visits),
    plan: decodePlan(json.plan, id) ?? undefined,
  };
}

const ACTS = ['depart', 'arrive', 'board', 'alight', 'idle'] as const;

function decodePlan(json: unknown, owner?: string): Plan | null {
  if (!isObject(json)) return null;
  const vehicleId = text64(json.vehicle_id) ?? owner;
  if (!vehicleId) return null;
  const next = isObject(json.next) ? json.next : {};
  return {
    vehicleId,
    version: count(json.version),
    next: {
      act: ACTS.find((known) => known === next.act) ?? 'idle',
      at: time(next.at),
      requestId: text64(next.request_id),
    },
    visits: list(json.visits, visit, LIMITS.visits),
    route: list(json.route, routePoint, LIMITS.routePoints),
    onBoard: list(json.on_board, text64, LIMITS.visits),
  };
}

function visit(json: unknown): Visit | null {
  if (!isObject(json)) return null;
  const requestId = text64(json.request_id);
  const at = latLon([json.lat, json.lon]);
  const arriveAt = time(json.arrive_at);
  if (!requestId || !at || arriveAt === undefined) return null;
  if (json.action !== 'board' && json.action !== 'alight') return null;
  const beginAt = time(json.begin_at) ?? arriveAt;
  return { requestId, action: json.action, at, arriveAt, beginAt, endAt: time(json.end_at) ?? beginAt };
}

function routePoint(json: unknown): RoutePoint | null {
  if (!Array.isArray(json)) return null;
  const at = latLon(json);
  const when = number(json[2]);
  return at && when !== undefined ? [at[0], at[1], when] : null;
}

function position(json: unknown): { id: string; at: LatLon; onBoard: number } | null {
  if (!Array.isArray(json)) return null;
  const id = text64(json[0]);
  const at = latLon([json[1], json[2]]);
  return id && at ? { id, at, onBoard: count(json[3]) } : null;
}

export function decodeKpi(json: unknown): Kpi | null {
  if (!isObject(json)) return null;
  const wait = isObject(json.wait_s) ? json.wait_s : {};
  const bins = Array.isArray(json.wait_histogram) ? json.wait_histogram : [];
  return {
    at: time(json.t) ?? 0,
    requests: count(json.requests),
    promised: count(json.promised),
    rejected: count(json.rejected),
    cancelled: count(json.cancelled),
    completed: count(json.completed),
    broken: count(json.promises_broken),
    atRisk: count(json.promises_at_risk),
    onBoard: count(json.on_board),
    waiting: count(json.waiting),
    vehicles: count(json.vehicles),
    wait: {
      mean: number(wait.mean) ?? 0,
      p50: number(wait.p50) ?? 0,
      p95: number(wait.p95) ?? 0,
      max: number(wait.max) ?? 0,
    },
    histogram: Array.from({ length: 16 }, (_, bin) => count(bins[bin])),
    pooledShare: number(json.pooled_share),
    coverage: number(json.coverage_15min),
  };
}

function decodeEvent(json: Json): FleetEvent | null {
  const seq = number(json.seq);
  const kind = text64(json.kind);
  if (seq === undefined || !kind) return null;
  return {
    seq,
    at: time(json.t) ?? 0,
    kind,
    requestId: text64(json.request_id),
    vehicleId: text64(json.vehicle_id),
    fromVehicleId: text64(json.from_vehicle_id),
    from: latLon(json.from),
    to: latLon(json.to),
    position: latLon([json.lat, json.lon]),
    passengers: number(json.passengers),
    wheelchairs: number(json.wheelchairs),
    vehicleType: text64(json.vehicle_type),
    seats: number(json.seats),
    by: text64(json.by),
    reason: text64(json.reason),
    lateS: number(json.late_s),
    alternative: alternative(json.alternative),
    times: times(json),
  };
}

function decodeAnswer(json: Json, id: string): Answer {
  return {
    ok: json.type === 'ok',
    id,
    result: text64(json.result),
    reason: text64(json.reason),
    alternative: alternative(json.alternative),
    times: times(json),
    vehicleId: text64(json.vehicle_id),
    code: text64(json.code),
    message: typeof json.message === 'string' ? json.message.slice(0, 300) : undefined,
  };
}

function alternative(json: unknown): Alternative | undefined {
  if (!isObject(json)) return undefined;
  const departAt = time(json.depart_at);
  const pickupAt = time(json.pickup_at);
  return departAt === undefined ? undefined : { departAt, pickupAt: pickupAt ?? departAt };
}

function times(json: Json): Times {
  const found: Times = {};
  const put = (key: keyof Times, value: unknown) => {
    const at = time(value);
    if (at !== undefined) found[key] = at;
  };
  put('readyAt', json.ready_at);
  put('pickupBy', json.pickup_by);
  put('dropoffBy', json.dropoff_by);
  put('pickupAt', json.pickup_at);
  put('dropoffAt', json.dropoff_at);
  put('expiresAt', json.expires_at);
  return found;
}

function isObject(json: unknown): json is Json {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}

function number(json: unknown): number | undefined {
  return typeof json === 'number' && Number.isFinite(json) ? json : undefined;
}

function count(json: unknown): number {
  return Math.max(0, number(json) ?? 0);
}

function text64(json: unknown): string | undefined {
  return typeof json === 'string' && json.length > 0 ? json.slice(0, 64) : undefined;
}

function time(json: unknown): number | undefined {
  if (typeof json !== 'string') return undefined;
  const at = Date.parse(json);
  return Number.isNaN(at) ? undefined : at;
}

function latLon(json: unknown): LatLon | undefined {
  if (!Array.isArray(json)) return undefined;
  const lat = number(json[0]);
  const lon = number(json[1]);
  if (lat === undefined || lon === undefined) return undefined;
  return Math.abs(lat) <= 85 && Math.abs(lon) <= 180 ? [lat, lon] : undefined;
}

/** Minutes east of UTC that an RFC 3339 time names, or `null` for `Z`. */
function zoneOffset(json: unknown): number | null {
  const found = typeof json === 'string' ? /([+-])(\d\d):(\d\d)$/.exec(json) : null;
  if (!found) return null;
  const minutes = Number(found[2]) * 60 + Number(found[3]);
  return found[1] === '-' ? -minutes : minutes;
}

function list<T>(json: unknown, item: (json: unknown) => T | null | undefined, most: number): T[] {
  if (!Array.isArray(json)) return [];
  const found: T[] = [];
  for (const raw of json.slice(0, most)) {
    const value = item(raw);
    if (value !== null && value !== undefined) found.push(value);
  }
  return found;
}
