// The state that the components show: the world as messages made it, refreshed a few times a second at most.

import { ServiceClock } from './clock';
import { Connection, type Socket, type Status } from './connection';
import { nearestPlace } from './geo';
import { t } from './i18n/index.svelte';
import { Motion } from './map/motion';
import {
  decodePlaces,
  decodeVehicles,
  type FleetEvent,
  type Kpi,
  type LatLon,
  type Place,
  type Plan,
  type Region,
  type ServerMessage,
} from './protocol';
import { Session, type LoginResult } from './session';
import { World, isEnded, type Ride, type Vehicle } from './world';
import { zoneFor, type Zone } from './zone';

export type Selection = { kind: 'vehicle' | 'ride'; id: string };
export type Tab = 'overview' | 'vehicles' | 'riders' | 'book';
export type End = 'from' | 'to';

export interface View {
  vehicles: Vehicle[];
  rides: Ride[];
  feed: FleetEvent[];
  kpi: Kpi | null;
}

const REFRESH_MS = 250;
const RENEW_MS = 60_000;
const { compare } = new Intl.Collator(undefined, { numeric: true });
const byId = (a: Vehicle, b: Vehicle) => compare(a.id, b.id);

export class Live {
  status = $state.raw<Status>({ kind: 'connecting' });
  /** Spoken politely to screen readers. */
  said = $state('');
  region = $state.raw<Region | null>(null);
  places = $state.raw<Place[]>([]);
  zone = $state.raw<Zone>('local');
  speed = $state(1);
  maxWaitS = $state(900);
  closing = $state('');
  /** The service's time, a few times a second; `null` before the first welcome. */
  now = $state<number | null>(null);
  view = $state.raw<View>({ vehicles: [], rides: [], feed: [], kpi: null });

  selected = $state.raw<Selection | null>(null);
  tab = $state<Tab>('overview');
  /** On a phone, whether the sheet covers much of the map. */
  open = $state(false);
  picking = $state<End | null>(null);
  picks = $state<Record<End, LatLon | null>>({ from: null, to: null });

  readonly world = new World();
  readonly motion = new Motion();
  readonly clock = new ServiceClock();
  readonly connection: Connection;
  readonly session: Session;
  #base: string;
  #dirty = true;
  #resumed = false;
  #timer: ReturnType<typeof setInterval> | undefined;
  #renewing: ReturnType<typeof setInterval> | undefined;

  constructor(base: string) {
    this.#base = base;
    this.session = new Session(base);
    const url = `${base.replace(/^http/, 'ws')}v1/ws`;
    this.connection = new Connection(url, {
      message: (message) => this.#message(message),
      status: (status) => this.#status(status),
      socket: (address, protocols) => new WebSocket(address, protocols) as unknown as Socket,
      protocols: () => this.session.protocols(),
    });
  }

  start(): void {
    this.connection.connect();
    this.#timer = setInterval(() => this.#refresh(), REFRESH_MS);
    // What can't be renewed now is tried again, and at the latest a new socket asks for a login.
    this.#renewing = setInterval(() => void this.session.renew().catch(() => {}), RENEW_MS);
    addEventListener('online', this.#online);
  }

  stop(): void {
    clearInterval(this.#timer);
    clearInterval(this.#renewing);
    removeEventListener('online', this.#online);
    this.connection.stop();
  }

  async login(name: string, password: string): Promise<LoginResult> {
    const result = await this.session.login(name, password);
    if (result === 'ok') this.connection.connect();
    return result;
  }

  get tiles(): string {
    return `${this.#base}tiles/{z}/{x}/{y}.mvt`;
  }

  /** Words for a spot: the nearest place. */
  placeName(at: LatLon | undefined): string {
    if (!at) return '–';
    return nearestPlace(this.places, at)?.name ?? `${at[0].toFixed(4)}, ${at[1].toFixed(4)}`;
  }

  select(selection: Selection | null): void {
    this.selected = selection;
    if (selection) this.open = true;
  }

  say(text: string): void {
    this.said = text;
  }

  #online = () => {
    if (this.status.kind === 'lost') this.connection.connect();
  };

  #status(status: Status): void {
    const before = this.status.kind;
    this.status = status;
    if (status.kind === 'lost' && before === 'connecting') return; // said once is enough
    if (status.kind === 'lost') this.say(`${t('line.lost.short')}. ${t('line.stale')}`);
    if (status.kind === 'live') this.say(this.now === null ? t('line.live') : t('line.back'));
  }

  #message(message: ServerMessage): void {
    const wall = performance.now();
    switch (message.type) {
      case 'welcome':
        this.#welcome(message, wall);
        return;
      case 'closing':
        this.closing = message.reason || '–';
        return;
      case 'answer':
      case 'gap':
        return;
      case 'positions':
        this.clock.adjust(message.at, wall);
        for (const { id, at } of message.vehicles) {
          if (this.world.vehicles.has(id)) this.motion.report(id, at, message.at, this.speed, wall);
        }
        break;
      case 'event':
        this.#announce(message.event);
        break;
      case 'plan':
        this.#planned(message.plan, wall);
        break;
      case 'kpi':
        this.clock.adjust(message.kpi.at, wall);
        break;
      case 'snapshot':
        this.#resumed = false;
    }
    this.world.apply(message);
    if (message.type === 'snapshot') this.#place(wall);
    if (message.type === 'event' && message.event.vehicleId !== undefined) this.#moved(message.event, wall);
    this.#dirty = true;
  }

  #welcome(message: Extract<ServerMessage, { type: 'welcome' }>, wall: number): void {
    this.#resumed = this.now !== null;
    this.clock.set(message.now, message.speed, wall);
    this.now = message.now;
    this.speed = message.speed;
    this.maxWaitS = message.maxWaitS;
    this.zone = zoneFor(message.zoneMin, message.speed);
    this.closing = '';
    if (JSON.stringify(this.region) !== JSON.stringify(message.region)) this.region = message.region;
    void this.#fetchPlaces();
    // Events are caught up with by number, plans are not: ask for the vehicles unless a snapshot comes.
    setTimeout(() => this.#resumed && void this.#fetchVehicles(), 1000);
  }

  async #fetchPlaces(): Promise<void> {
    const json = await this.#fetch('v1/region');
    if (json !== null) this.places = decodePlaces(json).sort((a, b) => a.name.localeCompare(b.name));
  }

  async #fetchVehicles(): Promise<void> {
    const json = await this.#fetch('v1/vehicles');
    if (json === null) return;
    this.world.refresh(decodeVehicles(json));
    this.#place(performance.now());
    this.#dirty = true;
  }

  async #fetch(path: string): Promise<unknown> {
    try {
      const answer = await fetch(this.#base + path, { headers: this.session.headers() });
      return answer.ok ? await answer.json() : null;
    } catch {
      return null; // The page works without; the line itself says when the service is gone.
    }
  }

  /** Hands every vehicle's place and route to the drawing. */
  #place(wall: number): void {
    this.motion.keepOnly(this.world.vehicles);
    for (const { id, at, plan } of this.world.vehicles.values()) {
      if (at) this.motion.report(id, at, this.clock.at(wall), this.speed, wall);
      this.motion.plan(id, plan?.route ?? [], at, wall);
    }
  }

  #planned({ vehicleId, version, route }: Plan, wall: number): void {
    const vehicle = this.world.vehicles.get(vehicleId);
    if (vehicle && version >= (vehicle.plan?.version ?? 0)) this.motion.plan(vehicleId, route, vehicle.at, wall);
  }

  #moved(event: FleetEvent, wall: number): void {
    const id = event.vehicleId as string;
    if (event.kind === 'shift_ended') this.motion.keepOnly(this.world.vehicles);
    else if (event.kind === 'shift_started' && event.position) {
      this.motion.report(id, event.position, event.at, this.speed, wall);
    } else if (event.kind === 'broke_down') this.motion.plan(id, [], event.position, wall);
  }

  #announce({ kind, requestId = '' }: FleetEvent): void {
    if (kind === 'promise_broken') this.say(`${t('ride.broken')}: ${requestId}`);
    else if (kind === 'promise_at_risk') this.say(`${t('ride.at_risk')}: ${requestId}`);
  }

  #refresh(): void {
    if (this.now !== null && this.status.kind === 'live') this.now = this.clock.at(performance.now());
    if (!this.#dirty) return;
    this.#dirty = false;
    const { vehicles, rides, feed, kpi } = this.world;
    // Copies: the world changes its records in place, the components go by identity.
    this.view = {
      vehicles: [...vehicles.values()].map((vehicle) => ({ ...vehicle })).sort(byId),
      rides: [...rides.values()].filter((ride) => !isEnded(ride)).map((ride) => ({ ...ride })),
      feed,
      kpi,
    };
  }
}
