import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Connection, retryDelay, type Socket, type Status } from '../src/lib/connection';
import type { ServerMessage } from '../src/lib/protocol';

const REGION = { name: 'R', bounds: [54, -5, 55, -4], attribution: '' };
const welcome = (seq: number) => ({ type: 'welcome', now: '2025-05-13T06:30:00.000Z', speed: 1, seq, region: REGION });

class Line implements Socket {
  onopen: Socket['onopen'] = null;
  onmessage: Socket['onmessage'] = null;
  onclose: Socket['onclose'] = null;
  onerror: Socket['onerror'] = null;
  sent: Record<string, unknown>[] = [];
  send = (text: string) => void this.sent.push(JSON.parse(text) as Record<string, unknown>);
  close = () => {};
  open = () => this.onopen?.(undefined as never);
  say = (message: unknown) => this.onmessage?.({ data: JSON.stringify(message) } as never);
  break = () => this.onclose?.(undefined as never);
}

let lines: Line[];
let heard: ServerMessage[];
let states: Status['kind'][];
let connection: Connection;

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(console, 'info').mockImplementation(() => {});
  [lines, heard, states] = [[], [], []];
  connection = new Connection('ws://x/v1/ws', {
    message: (message) => void heard.push(message),
    status: ({ kind }) => void states.push(kind),
    socket: () => {
      const line = new Line();
      lines.push(line);
      return line;
    },
  });
  connection.connect();
  lines[0]!.open();
});
afterEach(() => {
  connection.stop();
  vi.useRealTimers();
});

describe('connection', () => {
  test('says hello, then subscribes', () => {
    lines[0]!.say(welcome(4));
    expect(lines[0]!.sent[0]).toEqual({ type: 'hello', role: 'operator', name: 'live-page' });
    expect(lines[0]!.sent[1]).toMatchObject({ type: 'subscribe', positions: true });
    expect(states).toEqual(['connecting', 'live']);
  });

  test('comes back by itself and resumes; no event is heard twice', () => {
    lines[0]!.say(welcome(4));
    lines[0]!.say({ type: 'snapshot', seq: 4, rides: [], vehicles: [] });
    lines[0]!.say({ type: 'event', seq: 5, kind: 'boarded', request_id: 'r' });
    lines[0]!.break();
    expect(states.at(-1)).toBe('lost');
    vi.advanceTimersByTime(600);
    lines[1]!.open();
    expect(lines[1]!.sent[0]).toMatchObject({ resume: 5 });
    lines[1]!.say(welcome(6));
    lines[1]!.say({ type: 'event', seq: 5, kind: 'boarded', request_id: 'r' });
    lines[1]!.say({ type: 'event', seq: 6, kind: 'alighted', request_id: 'r' });
    expect(heard.flatMap((message) => (message.type === 'event' ? [message.event.seq] : []))).toEqual([5, 6]);
  });

  test('a service that began anew is not resumed', () => {
    lines[0]!.say(welcome(9));
    lines[0]!.say({ type: 'snapshot', seq: 9, rides: [], vehicles: [] });
    lines[0]!.break();
    vi.advanceTimersByTime(600);
    lines[1]!.open();
    lines[1]!.say(welcome(2));
    lines[2]!.open();
    expect(lines[2]!.sent[0]).not.toHaveProperty('resume');
  });

  test('a command without an answer is sent again under its id', async () => {
    lines[0]!.say(welcome(0));
    const answer = connection.command({ type: 'accept_offer', request_id: 'r' });
    const first = lines[0]!.sent.at(-1);
    lines[0]!.break();
    vi.advanceTimersByTime(600);
    lines[1]!.open();
    lines[1]!.say(welcome(0));
    expect(lines[1]!.sent).toContainEqual(first);
    lines[1]!.say({ type: 'ok', id: first?.id, seq: 1 });
    await expect(answer).resolves.toMatchObject({ ok: true });
  });

  test('what is not understood is ignored with a note', () => {
    lines[0]!.say({ type: 'weather' });
    lines[0]!.onmessage?.({ data: new ArrayBuffer(4) } as never);
    expect(heard).toEqual([]);
    expect(console.info).toHaveBeenCalledTimes(2);
  });

  test('a silent line is tried, then given up', () => {
    lines[0]!.say(welcome(0));
    const before = lines[0]!.sent.length;
    vi.advanceTimersByTime(20_000);
    expect(lines[0]!.sent).toHaveLength(before + 1);
    vi.advanceTimersByTime(10_000);
    expect(states.at(-1)).toBe('lost');
  });

  test('waits longer each time, up to a quarter of a minute', () => {
    expect([0, 1, 2, 3, 9, 99].map((attempt) => retryDelay(attempt, 1))).toEqual([500, 1000, 2000, 4000, 15_000, 15_000]);
    expect(retryDelay(1, 0)).toBe(750);
  });

  test('waits for a login, and is known by its ticket', async () => {
    const opened: string[][] = [];
    let ticket: string[] | null = null;
    const guarded = new Connection('ws://x/v1/ws', {
      message: () => {},
      status: ({ kind }) => void states.push(kind),
      protocols: () => Promise.resolve(ticket),
      socket: (_url, protocols) => {
        opened.push(protocols);
        const line = new Line();
        lines.push(line);
        return line;
      },
    });
    guarded.connect();
    await vi.advanceTimersByTimeAsync(0);
    expect([states.at(-1), opened]).toEqual(['locked', []]);
    ticket = ['sharxi.v1', 'sharxi.ticket.abc'];
    guarded.connect();
    await vi.advanceTimersByTimeAsync(0);
    expect(opened).toEqual([ticket]);
    lines.at(-1)!.open();
    expect(lines.at(-1)!.sent[0]).toEqual({ type: 'hello' });
    guarded.stop();
  });
});
