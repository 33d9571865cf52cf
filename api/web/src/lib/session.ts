// Who is looking: nobody in particular on an open service, or somebody with a token for as long as it is good.
//
// The token is kept for this tab only. A socket can't send it, so each socket buys a ticket with it, which is good once.

export const SUBPROTOCOL = 'sharxi.v1';
const STORED = 'sharxi.session';
/** A token that ends sooner is exchanged for a new one. */
const RENEW_MS = 5 * 60_000;

export type LoginResult = 'ok' | 'wrong' | 'often' | 'down';

interface Kept {
  token: string;
  name: string;
  role: string;
  expiresAt: number;
}

type Fetch = (path: string, init?: RequestInit) => Promise<Response>;

export class Session {
  #fetch: Fetch;
  #kept: Kept | null = null;
  #isOpen: boolean | undefined;

  constructor(base: string, fetcher: Fetch = (path, init) => fetch(base + path, init)) {
    this.#fetch = fetcher;
    try {
      this.#kept = decode(JSON.parse(sessionStorage.getItem(STORED) ?? 'null'));
    } catch {
      // Without storage, or with something else in it, one logs in again.
    }
  }

  get name(): string | null {
    return this.#kept?.name ?? null;
  }

  /** Headers of a request. */
  headers(): Record<string, string> {
    return this.#kept ? { authorization: `Bearer ${this.#kept.token}` } : {};
  }

  /** Subprotocols that open a socket now; `null` if somebody has to log in first. Throws if the service can't be reached. */
  async protocols(): Promise<string[] | null> {
    if (this.#isOpen === undefined) {
      const answer = await this.#fetch('v1/auth');
      const { mode } = (await answer.json()) as { mode?: unknown };
      this.#isOpen = mode === 'open';
    }
    if (this.#isOpen) return [SUBPROTOCOL];
    await this.renew();
    if (!this.#kept) return null;
    const answer = await this.#fetch('v1/ticket', { method: 'POST', headers: this.headers() });
    if (answer.status === 401) {
      this.forget();
      return null;
    }
    const { ticket } = (await answer.json()) as { ticket?: unknown };
    if (typeof ticket !== 'string') throw new Error('no ticket');
    return [SUBPROTOCOL, `sharxi.ticket.${ticket}`];
  }

  async login(name: string, password: string): Promise<LoginResult> {
    try {
      const body = JSON.stringify({ name, password });
      const answer = await this.#fetch('v1/login', { method: 'POST', body });
      if (answer.status === 429) return 'often';
      if (answer.status === 401 || answer.status === 400) return 'wrong';
      return this.#keep(await answer.json()) ? 'ok' : 'down';
    } catch {
      return 'down';
    }
  }

  /** Exchanges a token that ends soon. */
  async renew(): Promise<void> {
    if (!this.#kept || Date.now() + RENEW_MS < this.#kept.expiresAt) return;
    const answer = await this.#fetch('v1/token', { method: 'POST', headers: this.headers() });
    if (answer.ok) this.#keep(await answer.json());
    else if (answer.status === 401) this.forget();
  }

  forget(): void {
    this.#kept = null;
    try {
      sessionStorage.removeItem(STORED);
    } catch {
      // as above
    }
  }

  #keep(json: unknown): boolean {
    const kept = decode(json);
    if (!kept) return false;
    this.#kept = kept;
    try {
      sessionStorage.setItem(STORED, JSON.stringify(json));
    } catch {
      // as above
    }
    return true;
  }
}

function decode(json: unknown): Kept | null {
  if (typeof json !== 'object' || json === null) return null;
  const { token, name, role, expires_at } = json as Record<string, unknown>;
  const expiresAt = typeof expires_at === 'string' ? Date.parse(expires_at) : NaN;
  if (typeof token !== 'string' || typeof name !== 'string' || typeof role !== 'string') return null;
  return Number.isNaN(expiresAt) ? null : { token, name, role, expiresAt };
}
