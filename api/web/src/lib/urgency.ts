// How near a waiting rider is to the promised pickup.

export type Urgency = 'calm' | 'soon' | 'late';

const SOON_MS = 3 * 60_000;

/** Late once the promise is past or known to break; soon in its last minutes or when it is at risk. */
export function urgency(now: number, pickupBy: number | undefined, promise: 'held' | 'at_risk' | 'broken'): Urgency {
  if (promise === 'broken' || (pickupBy !== undefined && now > pickupBy)) return 'late';
  if (promise === 'at_risk' || (pickupBy !== undefined && pickupBy - now < SOON_MS)) return 'soon';
  return 'calm';
}

/** Whole minutes left, rounded against us; negative when past. */
export function minutesLeft(now: number, by: number): number {
  return Math.floor((by - now) / 60_000);
}
