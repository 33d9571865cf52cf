// The made-up fleet of the mock service (development only): riders appear, the nearest vehicle with a seat takes them,
// stops are served in the order in which they were put in. Nothing is optimised and no promise is worth anything.

import { dice, metres } from './country.mjs';

const DWELL_MS = 30_000;
const WAIT_MAX_MS = 900_000;
const iso = (ms) => new Date(ms).toISOString();

export class Fleet {
  seq = 0;
  publish = () => {};
  #country;
  #rate;
  #random = dice(11);
  #rides = new Map();
  #vehicles = [];
  #nextRequest;
  #count = { requests: 0, promised: 0, rejected: 0, cancelled: 0, completed: 0, broken: 0, pooled: 0 };
  #waits = [];
  #routes = new Map();

  constructor(country, { vehicles, rate, start }) {
    this.#country = country;
    this.#rate = rate;
    this.#nextRequest = start;
    for (let index = 1; index <= vehicles; index++) {
      const node = this.#anyNode();
      const seats = this.#random() < 0.3 ? 8 : 4;
      this.#vehicles.push({
        id: `v${index}`, type: seats === 8 ? 'minibus' : 'car', seats, wheelchairs: seats === 8 ? 1 : 0, node, out: false,
        visits: [], leg: null, dwell: null, onBoard: [], version: 1,
      });
    }
  }

  advance(now) {
    while (this.#nextRequest <= now) {
      this.#spontaneous(this.#nextRequest);
      this.#nextRequest += (-Math.log(1 - this.#random()) * 3_600_000) / this.#rate;
    }
    for (const vehicle of this.#vehicles) while (this.#step(vehicle, now));
    for (const ride of this.#rides.values()) {
      if (ride.state === 'offered' && now > ride.expires_at) this.#drop(ride, 'expired', now);
      if (ride.state === 'promised' && !ride.broken && now > ride.pickup_by) {
        ride.broken = true;
        this.#count.broken++;
        this.#event(now, 'promise_broken', { request_id: ride.request_id, vehicle_id: ride.vehicle_id, late_s: 30 });
      }
    }
  }

  command(message, now) {
    if (message.type === 'subscribe') return { type: 'ok', seq: this.seq };
    if (message.type === 'request_ride') return this.#ask(message, now);
    const ride = this.#rides.get(message.request_id);
    if (!ride) return { type: 'error', code: 'unknown_ride', message: 'no such ride' };
    if (message.type === 'accept_offer') {
      if (ride.state !== 'offered') return { type: 'error', code: 'not_now', message: 'the offer has expired' };
      this.#promise(ride, now);
    } else if (message.type === 'decline_offer') this.#drop(ride, 'expired', now);
    else if (message.type === 'cancel_ride') this.#drop(ride, 'cancelled', now);
    else return { type: 'error', code: 'bad_message', message: 'the mock does not know this' };
    return { type: 'ok', seq: this.seq };
  }

  snapshot(now) {
    return {
      type: 'snapshot', seq: this.seq, t: iso(now), vehicles: this.vehicleRecords(now),
      rides: [...this.#rides.values()].filter(({ state }) => ['offered', 'promised', 'on_board'].includes(state)).map(record),
      kpi: this.reports(now).kpi,
    };
  }

  vehicleRecords(now) {
    return this.#vehicles.map((vehicle) => {
      const [lat, lon] = this.#where(vehicle, now);
      const { id, type, seats, wheelchairs, onBoard } = vehicle;
      const state = vehicle.out ? 'out' : vehicle.dwell ? 'serving' : !vehicle.leg ? 'idle' : vehicle.visits.length > 0 ? 'driving' : 'repositioning';
      return { vehicle_id: id, vehicle_type: type, seats, wheelchairs, lat, lon, state, on_board: onBoard, plan: this.#plan(vehicle, now) };
    });
  }

  reports(now) {
    const waits = this.#waits.toSorted((a, b) => a - b);
    const at = (share) => waits[Math.min(waits.length - 1, Math.floor(waits.length * share))] ?? 0;
    const histogram = Array(16).fill(0);
    for (const wait of waits) histogram[Math.min(15, Math.floor(wait / 60))]++;
    const inState = (state) => [...this.#rides.values()].filter((ride) => ride.state === state);
    const { requests, promised, rejected, cancelled, completed, broken, pooled } = this.#count;
    const kpi = {
      type: 'kpi', t: iso(now), requests, promised, rejected, cancelled, completed, promises_broken: broken,
      promises_at_risk: inState('promised').filter(({ pickup_by, broken: over }) => !over && pickup_by - now < 60_000).length,
      on_board: inState('on_board').length, waiting: inState('promised').length,
      vehicles: this.#vehicles.filter(({ out }) => !out).length,
      wait_s: { mean: waits.reduce((sum, wait) => sum + wait, 0) / Math.max(1, waits.length), p50: at(0.5), p95: at(0.95), max: waits.at(-1) ?? 0 },
      wait_histogram: histogram, pooled_share: pooled / Math.max(1, completed), coverage_15min: 0.93,
    };
    const heads = (vehicle) => vehicle.onBoard.reduce((sum, id) => sum + this.#rides.get(id).passengers, 0);
    const vehicles = this.#vehicles.map((vehicle) => [vehicle.id, ...this.#where(vehicle, now), heads(vehicle)]);
    return { kpi, positions: { type: 'positions', t: iso(now), vehicles } };
  }

  #spontaneous(now) {
    const [from, to] = [this.#anyNode(), this.#anyNode()];
    if (from === to) return;
    const { nodes } = this.#country;
    const request_id = `r${this.#count.requests + 1}`;
    const passengers = 1 + Math.floor(this.#random() ** 3 * 3);
    this.#ask({ request_id, from: nodes[from], to: nodes[to], kind: 'now', passengers, wheelchairs: 0, accept: true }, now);
    if (this.#random() < 1 / 500) this.#breakDown(this.#vehicles[Math.floor(this.#random() * this.#vehicles.length)], now);
  }

  #ask(wish, now) {
    const { request_id, from, to, passengers = 1, wheelchairs = 0 } = wish;
    this.#count.requests++;
    const ready = wish.target_at ? Date.parse(wish.target_at) - (wish.kind === 'arrive_by' ? 2_400_000 : 0) : now;
    this.#event(now, 'requested', { request_id, from, to, request_kind: wish.kind, passengers, wheelchairs });
    const [start, goal] = [this.#nearest(from), this.#nearest(to)];
    const best = start === goal ? null : this.#choose(start, goal, passengers, wheelchairs, now);
    if (!best || best.pickup - Math.max(now, ready) > WAIT_MAX_MS) {
      this.#count.rejected++;
      const alternative = { depart_at: iso(now + 1_200_000), pickup_at: iso(now + 1_500_000) };
      const refusal = start === goal ? { reason: 'same_place' } : { reason: 'no_vehicle_in_time', alternative };
      this.#event(now, 'rejected', { request_id, ...refusal });
      return { type: 'ok', seq: this.seq, result: 'rejected', request_id, ...refusal };
    }
    const direct = this.#route(start, goal).at(-1)[2];
    const ride = {
      request_id, state: 'offered', from, to, start, goal, passengers, wheelchairs, vehicle_id: best.vehicle.id, requested: now, slots: best,
      ready_at: ready, pickup_by: Math.max(now, ready) + WAIT_MAX_MS, dropoff_by: best.pickup + direct * 1.5 + 600_000, pickup_at: best.pickup,
      dropoff_at: best.pickup + direct + DWELL_MS, expires_at: now + 60_000,
    };
    this.#rides.set(request_id, ride);
    if (wish.accept) this.#promise(ride, now);
    else this.#event(now, 'offered', { ...record(ride), expires_at: iso(ride.expires_at) });
    return { type: 'ok', seq: this.seq, result: ride.state, ...record(ride), expires_at: iso(ride.expires_at) };
  }

  #promise(ride, now) {
    ride.state = 'promised';
    this.#count.promised++;
    const vehicle = this.#vehicles.find(({ id }) => id === ride.vehicle_id);
    const { i, j } = ride.slots;
    vehicle.visits.splice(Math.min(j, vehicle.visits.length), 0, { ride, action: 'alight', node: ride.goal });
    vehicle.visits.splice(Math.min(i, vehicle.visits.length), 0, { ride, action: 'board', node: ride.start });
    this.#event(now, 'promised', record(ride));
    if (vehicle.leg?.empty) vehicle.leg.empty = false;
    this.#replan(vehicle, now);
  }

  #drop(ride, state, now) {
    ride.state = state;
    if (state === 'cancelled') this.#count.cancelled++;
    this.#event(now, state, { request_id: ride.request_id, vehicle_id: ride.vehicle_id, by: 'operator' });
    const vehicle = this.#vehicles.find(({ id }) => id === ride.vehicle_id);
    vehicle.visits = vehicle.visits.filter((visit) => visit.ride !== ride);
    this.#replan(vehicle, now);
  }

  #choose(start, goal, passengers, wheelchairs, now) {
    const { nodes } = this.#country;
    const near = this.#vehicles
      .filter(({ out, visits, seats, wheelchairs: places }) => !out && visits.length < 7 && seats >= passengers && places >= wheelchairs)
      .sort((a, b) => metres(this.#where(a, now), nodes[start]) - metres(this.#where(b, now), nodes[start]))
      .slice(0, 8);
    let best = null;
    const ride = { start, goal, pickup_by: now + WAIT_MAX_MS, dropoff_by: Infinity };
    for (const vehicle of near) {
      const first = vehicle.dwell ? 1 : 0;
      for (let i = first; i <= vehicle.visits.length; i++) {
        for (let j = i; j <= vehicle.visits.length; j++) {
          const visits = [...vehicle.visits];
          visits.splice(j, 0, { ride, action: 'alight', node: goal });
          visits.splice(i, 0, { ride, action: 'board', node: start });
          const times = this.#timeline(vehicle, visits, now);
          const kept = visits.every((visit, k) => times[k] + 60_000 <= (visit.action === 'board' ? visit.ride.pickup_by : visit.ride.dropoff_by));
          const cost = times.at(-1) + (times[j + 1] - times[i]) * 0.3;
          if (kept && (!best || cost < best.cost)) best = { vehicle, cost, i, j, pickup: times[i] };
        }
      }
    }
    return best;
  }

  /** When each visit begins. */
  #timeline(vehicle, visits, now) {
    let [node, at] = vehicle.leg ? [vehicle.leg.goal, vehicle.leg.arrives] : [vehicle.node, now];
    return visits.map((visit) => {
      at += this.#route(node, visit.node).at(-1)?.[2] ?? 0;
      node = visit.node;
      const begin = at;
      at += DWELL_MS;
      return begin;
    });
  }

  /** One act of a vehicle, if it is due. */
  #step(vehicle, now) {
    if (vehicle.out) return false;
    if (vehicle.dwell) {
      if (vehicle.dwell.until > now) return false;
      this.#served(vehicle, vehicle.dwell);
      vehicle.dwell = null;
      this.#replan(vehicle, now);
      return true;
    }
    if (vehicle.leg) {
      if (vehicle.leg.arrives > now) return false;
      vehicle.node = vehicle.leg.goal;
      const at = vehicle.leg.arrives;
      vehicle.leg = null;
      this.#vehicleEvent(at, 'arrived', vehicle);
      this.#replan(vehicle, now);
      return true;
    }
    const next = vehicle.visits[0];
    if (next?.node === vehicle.node) {
      vehicle.dwell = { visit: next, until: now + DWELL_MS };
      if (next.action === 'board') this.#waits.push((now - next.ride.requested) / 1000);
      this.#replan(vehicle, now);
      return false;
    }
    if (next) this.#depart(vehicle, next.node, now);
    else if (this.#random() < 0.0015) {
      const goal = this.#anyNode();
      const [lat, lon] = this.#country.nodes[goal];
      this.#event(now, 'repositioning', { vehicle_id: vehicle.id, to: [lat, lon] });
      this.#depart(vehicle, goal, now);
    }
    return false;
  }

  #depart(vehicle, goal, now) {
    const route = this.#route(vehicle.node, goal).map(([lat, lon, ms]) => [lat, lon, Math.round(now + ms)]);
    vehicle.leg = { goal, route, arrives: route.at(-1)[2] };
    this.#vehicleEvent(now, 'departed', vehicle);
    this.#replan(vehicle, now);
  }

  #served(vehicle, { visit, until }) {
    const { ride, action } = visit;
    vehicle.visits.shift();
    const ids = { request_id: ride.request_id, vehicle_id: vehicle.id };
    if (action === 'board') {
      ride.state = 'on_board';
      vehicle.onBoard.push(ride.request_id);
      if (vehicle.onBoard.length > 1) vehicle.onBoard.forEach((id) => (this.#rides.get(id).pooled = true));
      this.#event(until, 'boarded', ids);
    } else {
      ride.state = 'completed';
      vehicle.onBoard = vehicle.onBoard.filter((id) => id !== ride.request_id);
      this.#count.completed++;
      if (ride.pooled) this.#count.pooled++;
      this.#event(until, 'alighted', ids);
    }
  }

  #breakDown(vehicle, now) {
    if (vehicle.out || vehicle.onBoard.length > 0) return;
    vehicle.out = true;
    this.#vehicleEvent(now, 'broke_down', vehicle);
    for (const ride of new Set(vehicle.visits.map((visit) => visit.ride))) {
      this.#count.broken++;
      this.#event(now, 'promise_broken', { request_id: ride.request_id, vehicle_id: vehicle.id, late_s: 600 });
      ride.state = 'aborted';
      this.#event(now, 'aborted', { request_id: ride.request_id, vehicle_id: vehicle.id });
    }
    vehicle.visits = [];
    vehicle.leg = null;
  }

  #replan(vehicle, now) {
    vehicle.version++;
    this.publish({ type: 'plan', ...this.#plan(vehicle, now) });
  }

  #plan(vehicle, now) {
    const { nodes } = this.#country;
    let [node, at] = vehicle.leg ? [vehicle.leg.goal, vehicle.leg.arrives] : [vehicle.node, now];
    const visits = vehicle.visits.map(({ ride, action, node: stop }) => {
      at += this.#route(node, stop).at(-1)?.[2] ?? 0;
      node = stop;
      const arrive = at;
      at += DWELL_MS;
      const [lat, lon] = nodes[stop];
      return { request_id: ride.request_id, action, lat, lon, arrive_at: iso(arrive), begin_at: iso(arrive), end_at: iso(at) };
    });
    const next = vehicle.dwell
      ? { act: vehicle.dwell.visit.action, at: iso(vehicle.dwell.until), request_id: vehicle.dwell.visit.ride.request_id }
      : vehicle.leg ? { act: 'arrive', at: iso(vehicle.leg.arrives) } : { act: 'idle', at: iso(now) };
    return { vehicle_id: vehicle.id, version: vehicle.version, now: iso(now), next, visits, route: vehicle.leg?.route ?? [], on_board: vehicle.onBoard };
  }

  #where(vehicle, now) {
    if (!vehicle.leg) return this.#country.nodes[vehicle.node];
    const { route } = vehicle.leg;
    const index = Math.max(1, route.findIndex(([, , at]) => at > now));
    const [a, b] = [route[index - 1], route[index]];
    if (!a || !b || now >= route.at(-1)[2]) return route.at(-1).slice(0, 2);
    const share = Math.min(1, Math.max(0, (now - a[2]) / Math.max(1, b[2] - a[2])));
    return [a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share];
  }

  #route(from, to) {
    const key = `${from}-${to}`;
    if (!this.#routes.has(key)) this.#routes.set(key, this.#country.route(from, to));
    return this.#routes.get(key);
  }

  #nearest(at) {
    const { nodes, villages } = this.#country;
    const all = villages.flatMap((village) => village.nodes);
    return all.reduce((best, node) => (metres(nodes[node], at) < metres(nodes[best], at) ? node : best), all[0]);
  }

  #anyNode() {
    const { villages } = this.#country;
    const people = villages.reduce((sum, { population }) => sum + population, 0);
    let die = this.#random() * people;
    const village = villages.find(({ population }) => (die -= population) < 0) ?? villages[0];
    return village.nodes[Math.floor(this.#random() * village.nodes.length)];
  }

  #vehicleEvent(now, kind, vehicle) {
    const [lat, lon] = this.#where(vehicle, now);
    this.#event(now, kind, { vehicle_id: vehicle.id, lat, lon, arc: [vehicle.node, vehicle.node] });
  }

  #event(now, kind, fields) {
    this.publish({ type: 'event', seq: ++this.seq, t: iso(now), kind, ...fields });
  }
}

function record({ request_id, state, from, to, vehicle_id, ready_at, pickup_by, dropoff_by, pickup_at, dropoff_at, passengers }) {
  return {
    request_id, state, from, to, vehicle_id, passengers, ready_at: iso(ready_at), pickup_by: iso(pickup_by),
    dropoff_by: iso(dropoff_by), pickup_at: iso(pickup_at), dropoff_at: iso(dropoff_at),
  };
}
