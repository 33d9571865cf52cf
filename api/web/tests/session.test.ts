import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Session } from '../src/lib/session';

interface Asked {
  path: string;
  token: string | undefined;
  body: unknown;
}

let asked: Asked[];
let answers: Record<string, { status: number; json: unknown }>;

const token = (text: string, inMs: number) => ({
  token: text,
  name: 'desk',
  role: 'dispatcher',
  expires_at: new Date(Date.now() + inMs).toISOString(),
});

const session = () =>
  new Session('', async (path, init) => {
    const headers = (init?.headers ?? {}) as Record<string, string>;
    asked.push({ path, token: headers.authorization, body: init?.body });
    const { status, json } = answers[path] ?? { status: 404, json: null };
    return new Response(JSON.stringify(json), { status });
  });

beforeEach(() => {
  asked = [];
  answers = { 'v1/auth': { status: 200, json: { mode: 'token' } } };
  const stored = new Map<string, string>();
  vi.stubGlobal('sessionStorage', {
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, value: string) => void stored.set(key, value),
    removeItem: (key: string) => void stored.delete(key),
  });
});
afterEach(() => vi.unstubAllGlobals());

describe('session', () => {
  test('an open service asks for nothing', async () => {
    answers['v1/auth'] = { status: 200, json: { mode: 'open' } };
    expect(await session().protocols()).toEqual(['sharxi.v1']);
    expect(session().headers()).toEqual({});
  });

  test('logs in, buys a ticket for each socket, and is still in after a reload', async () => {
    const first = session();
    expect(await first.protocols()).toBeNull();
    answers['v1/login'] = { status: 200, json: token('t1', 900_000) };
    expect(await first.login('desk', 'secret')).toBe('ok');
    expect(asked.at(-1)?.body).toBe('{"name":"desk","password":"secret"}');
    answers['v1/ticket'] = { status: 200, json: { ticket: 'abc', expires_in_s: 30 } };
    expect(await first.protocols()).toEqual(['sharxi.v1', 'sharxi.ticket.abc']);
    expect(asked.at(-1)).toMatchObject({ path: 'v1/ticket', token: 'Bearer t1' });
    expect(session().name).toBe('desk');
  });

  test('a token that ends soon is exchanged, one that is refused is forgotten', async () => {
    const one = session();
    answers['v1/login'] = { status: 200, json: token('t1', 60_000) };
    await one.login('desk', 'secret');
    answers['v1/token'] = { status: 200, json: token('t2', 900_000) };
    answers['v1/ticket'] = { status: 200, json: { ticket: 'abc' } };
    await one.protocols();
    expect(asked.map(({ path }) => path)).toEqual(['v1/login', 'v1/auth', 'v1/token', 'v1/ticket']);
    expect(one.headers()).toEqual({ authorization: 'Bearer t2' });
    answers['v1/ticket'] = { status: 401, json: {} };
    expect(await one.protocols()).toBeNull();
    expect(one.headers()).toEqual({});
    expect(session().name).toBeNull();
  });

  test('says why a login came to nothing', async () => {
    for (const [status, said] of [[401, 'wrong'], [400, 'wrong'], [429, 'often'], [500, 'down']] as const) {
      answers['v1/login'] = { status, json: {} };
      expect(await session().login('desk', 'x')).toBe(said);
    }
    const gone = new Session('', () => Promise.reject(new Error('gone')));
    expect(await gone.login('desk', 'x')).toBe('down');
  });
});
