// Durations and events in plain words of the chosen language.

import { t, tOr } from './i18n/index.svelte';
import { en, type Key } from './i18n/en';
import type { FleetEvent } from './protocol';
import type { Live } from './state.svelte';
import { speech } from './i18n/index.svelte';
import { clockText } from './zone';

/** `4:05 min` under an hour, `1:04 h` above. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [big, small] = whole < 3600 ? [Math.floor(whole / 60), whole % 60] : [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)];
  return `${big}:${String(small).padStart(2, '0')} ${whole < 3600 ? 'min' : 'h'}`;
}

export function clock(live: Live, at: number | undefined): string {
  return at === undefined ? '–' : clockText(at, live.zone, speech.locale);
}

export function feedText(live: Live, event: FleetEvent): string {
  const key = `feed.${event.kind}`;
  return t(key in en ? (key as Key) : 'feed.other', {
    kind: event.kind,
    ride: event.requestId ?? '–',
    vehicle: event.vehicleId ?? '–',
    from: event.fromVehicleId ?? '–',
    time: clock(live, event.times.pickupBy),
    late: duration(event.lateS ?? 0),
    place: live.placeName(event.to),
    reason: tOr('reason', event.reason ?? '', 'reason.other'),
  });
}

/** How an event is to be coloured. */
export function feedTone(kind: string): 'good' | 'warn' | 'bad' | 'muted' {
  if (kind === 'promise_broken' || kind === 'broke_down' || kind === 'aborted') return 'bad';
  if (kind === 'rejected' || kind === 'promise_at_risk' || kind === 'no_show') return 'warn';
  return kind === 'promised' || kind === 'boarded' || kind === 'alighted' ? 'good' : 'muted';
}
