// What the page knows of fleet and riders: folded from messages, free of sockets, clocks and drawing.

import type { FleetEvent, Kpi, LatLon, Plan, RideRecord, ServerMessage, VehicleRecord, VehicleState } from './protocol';

export interface Vehicle {
  id: string;
  type: string;
  seats: number;
  wheelchairs: number;
  state: VehicleState;
  /** Where it was last reported. */
  at?: LatLon;
  /** Riders in the vehicle by its last position or plan. */
  riders: number;
  onBoard: string[];
  plan?: Plan;
}

export interface Ride extends RideRecord {
  reason?: string;
  /** Seconds late by the last warning. */
  lateS?: number;
  promise: 'held' | 'at_risk' | 'broken';
}

/** What is kept at most; the oldest goes first. */
export const KEPT = { feed: 120, ended: 300, vehicles: 20_000, rides: 100_000 } as const;

const ENDED = new Set(['completed', 'rejected', 'expired', 'cancelled', 'no_show', 'aborted']);

export function isEnded(ride: Ride): boolean {
  return ENDED.has(ride.state);
}

export function isWaiting(ride: Ride): boolean {
  return ride.state === 'promised' || ride.state === 'offered' || ride.state === 'stranded';
}

export class World {
  vehicles = new Map<string, Vehicle>();
  rides = new Map<string, Ride>();
  /** Newest first. */
  feed: FleetEvent[] = [];
  kpi: Kpi | null = null;
  #ended: string[] = [];

  apply(message: ServerMessage): void {
    switch (message.type) {
      case 'snapshot':
        this.#snapshot(message.rides, message.vehicles);
        if (message.kpi) this.kpi = message.kpi;
        return;
      case 'event':
        this.#event(message.event);
        return;
      case 'plan':
        this.#plan(message.plan);
        return;
      case 'positions':
        for (const { id, at, onBoard } of message.vehicles) {
          const vehicle = this.vehicles.get(id);
          if (vehicle) Object.assign(vehicle, { at, riders: onBoard });
        }
        return;
      case 'kpi':
        this.kpi = message.kpi;
    }
  }

  /** Brings the vehicles up to date without touching the rides, after events were caught up with. */
  refresh(records: VehicleRecord[]): void {
    const named = new Set(records.map(({ id }) => id));
    for (const id of [...this.vehicles.keys()]) if (!named.has(id)) this.vehicles.delete(id);
    for (const record of records) this.#vehicle(record);
  }

  /** When the rider's vehicle is now expected to stand ready, from the newest plan. */
  pickupEta(ride: Ride): number | undefined {
    return this.#visit(ride, 'board')?.beginAt ?? ride.pickupAt;
  }

  dropoffEta(ride: Ride): number | undefined {
    return this.#visit(ride, 'alight')?.endAt ?? ride.dropoffAt;
  }

  #visit(ride: Ride, action: 'board' | 'alight') {
    const plan = ride.vehicleId === undefined ? undefined : this.vehicles.get(ride.vehicleId)?.plan;
    return plan?.visits.find((visit) => visit.requestId === ride.id && visit.action === action);
  }

  #snapshot(rides: RideRecord[], vehicles: VehicleRecord[]): void {
    const before = this.rides;
    this.rides = new Map();
    this.#ended = [];
    for (const record of rides.slice(0, KEPT.rides)) {
      const known = before.get(record.id);
      this.rides.set(record.id, { ...record, promise: known?.promise ?? 'held', lateS: known?.lateS });
    }
    this.vehicles = new Map();
    for (const record of vehicles) this.#vehicle(record);
  }

  #vehicle(record: VehicleRecord): void {
    const known = this.vehicles.get(record.id);
    if (!known && this.vehicles.size >= KEPT.vehicles) return;
    const newer = known?.plan && record.plan && known.plan.version > record.plan.version;
    const plan = newer ? known.plan : (record.plan ?? known?.plan);
    this.vehicles.set(record.id, { ...record, plan, riders: this.#heads(record.onBoard) });
  }

  #plan(plan: Plan): void {
    const vehicle = this.vehicles.get(plan.vehicleId);
    if (!vehicle || (vehicle.plan && vehicle.plan.version > plan.version)) return;
    vehicle.plan = plan;
    vehicle.onBoard = plan.onBoard;
    vehicle.riders = this.#heads(plan.onBoard);
    if (vehicle.state !== 'out') vehicle.state = stateOf(plan);
  }

  #heads(onBoard: string[]): number {
    return onBoard.reduce((sum, id) => sum + (this.rides.get(id)?.passengers ?? 1), 0);
  }

  #event(event: FleetEvent): void {
    if (!FEED_SKIPS.has(event.kind)) this.feed = [event, ...this.feed].slice(0, KEPT.feed);
    if (event.requestId !== undefined) this.#rideEvent(event, event.requestId);
    else if (event.vehicleId !== undefined) this.#vehicleEvent(event, event.vehicleId);
  }

  #rideEvent(event: FleetEvent, id: string): void {
    let ride = this.rides.get(id);
    if (!ride) {
      if (this.rides.size >= KEPT.rides) return;
      ride = { id, state: 'requested', passengers: 1, wheelchairs: 0, promise: 'held' };
      this.rides.set(id, ride);
    }
    const wasEnded = isEnded(ride);
    if (event.from) ride.from = event.from;
    if (event.to) ride.to = event.to;
    if (event.passengers !== undefined) ride.passengers = event.passengers;
    if (event.wheelchairs !== undefined) ride.wheelchairs = event.wheelchairs;
    if (event.vehicleId !== undefined) ride.vehicleId = event.vehicleId;
    if (event.reason !== undefined) ride.reason = event.reason;
    if (event.lateS !== undefined) ride.lateS = event.lateS;
    Object.assign(ride, event.times);
    if (event.kind === 'promise_at_risk' && ride.promise === 'held') ride.promise = 'at_risk';
    else if (event.kind === 'promise_broken') ride.promise = 'broken';
    else ride.state = RIDE_AFTER[event.kind] ?? ride.state;
    if (!wasEnded && isEnded(ride)) this.#end(id);
  }

  #end(id: string): void {
    this.#ended.push(id);
    while (this.#ended.length > KEPT.ended) {
      const oldest = this.#ended.shift();
      if (oldest !== undefined) this.rides.delete(oldest);
    }
  }

  #vehicleEvent(event: FleetEvent, id: string): void {
    if (event.kind === 'shift_ended') {
      this.vehicles.delete(id);
      return;
    }
    let vehicle = this.vehicles.get(id);
    if (!vehicle || event.kind === 'shift_started') {
      if (this.vehicles.size >= KEPT.vehicles) return;
      const { vehicleType: type = '', seats = 0, wheelchairs = 0 } = event;
      vehicle = { id, type, seats, wheelchairs, state: 'idle', riders: 0, onBoard: [] };
      this.vehicles.set(id, vehicle);
    }
    if (event.position) vehicle.at = event.position;
    if (event.kind === 'repositioning') vehicle.state = 'repositioning';
    else if (event.kind === 'broke_down') this.#breakDown(vehicle);
  }

  #breakDown(vehicle: Vehicle): void {
    vehicle.state = 'out';
    for (const id of vehicle.onBoard) {
      const ride = this.rides.get(id);
      if (ride?.state === 'on_board') ride.state = 'stranded';
    }
  }
}

/** Too many and too dull to be read by people. */
const FEED_SKIPS = new Set(['arrived', 'departed', 'requested', 'offered']);

const RIDE_AFTER: Record<string, Ride['state'] | undefined> = {
  offered: 'offered',
  promised: 'promised',
  rejected: 'rejected',
  expired: 'expired',
  cancelled: 'cancelled',
  no_show: 'no_show',
  aborted: 'aborted',
  boarded: 'on_board',
  alighted: 'completed',
};

/** What a vehicle is about, read from its plan. */
export function stateOf(plan: Plan): VehicleState {
  const { act } = plan.next;
  if (act === 'idle') return 'idle';
  if (act === 'board' || act === 'alight') return 'serving';
  return plan.visits.length > 0 || plan.onBoard.length > 0 ? 'driving' : 'repositioning';
}
