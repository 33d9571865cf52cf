// One socket to the service that comes back by itself.
//
// Commands keep their id over a reconnection and are sent again: the service promises that a repeated id has no second
// effect. Events seen so far are named with `resume`, so that nothing is missed or seen twice.

import { SUBPROTOCOL } from './session';
import { decode, type Answer, type Command, type ServerMessage } from './protocol';

export type Status =
  | { kind: 'connecting' }
  | { kind: 'live' }
  | { kind: 'locked' }
  | { kind: 'lost'; retryAt: number; reason: string };

/** The part of a WebSocket that is used here; tests bring their own. */
export interface Socket {
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  send(text: string): void;
  close(): void;
}

export interface Hooks {
  message(message: ServerMessage): void;
  status(status: Status): void;
  socket(url: string, protocols: string[]): Socket;
  /** What opens a socket now; `null` if somebody has to log in first. Without it the service is an open one. */
  protocols?(): Promise<string[] | null>;
}

const RETRY_FIRST_MS = 500;
const RETRY_MAX_MS = 15_000;
/** Silence after which the line is tried with a harmless command, and then given up. */
const SILENCE_MS = 20_000;
const PENDING_MAX = 32;

/** Doubles from half a second to a quarter of a minute; `dice` in 0..1 spreads clients that lost the same service. */
export function retryDelay(attempt: number, dice: number): number {
  const full = Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** Math.min(attempt, 10));
  return Math.round(full * (0.75 + dice / 4));
}

export function randomId(prefix: string): string {
  const bytes = crypto.getRandomValues(new Uint8Array(6));
  return prefix + Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

interface Pending {
  text: string;
  settle(answer: Answer): void;
}

export class Connection {
  #url: string;
  #hooks: Hooks;
  #socket: Socket | null = null;
  #pending = new Map<string, Pending>();
  #welcomed = false;
  #attempt = 0;
  #resume: number | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #silence: ReturnType<typeof setTimeout> | undefined;
  #closingReason = '';
  #stopped = false;
  /** Counts what is being opened, so that only the newest goes on. */
  #opening = 0;

  constructor(url: string, hooks: Hooks) {
    this.#url = url;
    this.#hooks = hooks;
  }

  /** Connects now, whatever the waiting time was. */
  connect(): void {
    if (this.#stopped) return;
    clearTimeout(this.#retry);
    this.#drop();
    this.#hooks.status({ kind: 'connecting' });
    this.#closingReason = '';
    if (!this.#hooks.protocols) return this.#open([SUBPROTOCOL]);
    const attempt = ++this.#opening;
    this.#hooks.protocols().then(
      (protocols) => {
        if (this.#stopped || attempt !== this.#opening) return;
        if (protocols) this.#open(protocols);
        else this.#hooks.status({ kind: 'locked' });
      },
      () => {
        if (attempt === this.#opening) this.#lost();
      },
    );
  }

  #open(protocols: string[]): void {
    const socket = this.#hooks.socket(this.#url, protocols);
    this.#socket = socket;
    // Whoever shows a ticket is known by it.
    const who = protocols.length > 1 ? {} : { role: 'operator', name: 'live-page' };
    socket.onopen = () => {
      const hello = { type: 'hello', ...who, ...this.#resumeField() };
      socket.send(JSON.stringify(hello));
      this.#listen();
    };
    socket.onmessage = (event: { data?: unknown }) => this.#receive(event.data);
    socket.onclose = () => this.#lost();
    socket.onerror = () => {}; // a close follows
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#retry);
    this.#drop();
  }

  /** Sends a command, now or as soon as there is a line again, and resolves with its answer. */
  command(command: Command): Promise<Answer> {
    const id = randomId('web-');
    if (this.#pending.size >= PENDING_MAX) {
      return Promise.resolve({ ok: false, id, times: {}, code: 'overloaded', message: 'too many commands under way' });
    }
    return new Promise((settle) => {
      const text = JSON.stringify({ id, ...command });
      this.#pending.set(id, { text, settle });
      if (this.#welcomed) this.#socket?.send(text);
    });
  }

  #resumeField(): { resume?: number } {
    return this.#resume === undefined ? {} : { resume: this.#resume };
  }

  #receive(data: unknown): void {
    this.#listen();
    const message = typeof data === 'string' ? decode(data) : null;
    if (!message) {
      console.info('message ignored:', typeof data === 'string' ? data.slice(0, 120) : typeof data);
      return;
    }
    if (message.type === 'welcome') {
      this.#welcome(message.seq);
    } else if (message.type === 'snapshot') {
      this.#resume = message.seq;
    } else if (message.type === 'event') {
      if (this.#resume !== undefined && message.event.seq <= this.#resume) return;
      this.#resume = message.event.seq;
    } else if (message.type === 'answer') {
      this.#pending.get(message.answer.id)?.settle(message.answer);
      this.#pending.delete(message.answer.id);
    } else if (message.type === 'closing') {
      this.#closingReason = message.reason;
    }
    try {
      this.#hooks.message(message);
    } catch (error) {
      console.info('message not shown:', message.type, error);
    }
  }

  #welcome(seq: number): void {
    if (this.#resume !== undefined && seq < this.#resume) {
      // Another service, or one that began anew: what was seen means nothing there.
      this.#resume = undefined;
      this.connect();
      return;
    }
    this.#welcomed = true;
    this.#attempt = 0;
    this.#hooks.status({ kind: 'live' });
    for (const { text } of this.#pending.values()) this.#socket?.send(text);
    void this.command({ type: 'subscribe', positions: true });
  }

  /** Called whenever something was heard: a line that stays silent is tried, then given up. */
  #listen(): void {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => {
      if (this.#welcomed) void this.command({ type: 'subscribe', positions: true });
      this.#silence = setTimeout(() => this.#lost(), SILENCE_MS / 2);
    }, SILENCE_MS);
  }

  #lost(): void {
    this.#drop();
    if (this.#stopped) return;
    const delay = retryDelay(this.#attempt++, Math.random());
    this.#hooks.status({ kind: 'lost', retryAt: Date.now() + delay, reason: this.#closingReason });
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.connect(), delay);
  }

  #drop(): void {
    clearTimeout(this.#silence);
    this.#welcomed = false;
    const socket = this.#socket;
    this.#socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = socket.onerror = null;
    socket.close();
  }
}
