// The clock of the service as it runs here: its time at one moment, and how fast it runs against the wall.

export class ServiceClock {
  #serviceMs = 0;
  #wallMs = 0;
  #speed = 0;

  get speed(): number {
    return this.#speed;
  }

  set(serviceMs: number, speed: number, wallMs: number): void {
    this.#serviceMs = serviceMs;
    this.#wallMs = wallMs;
    this.#speed = speed;
  }

  /** Milliseconds since 1970 by the clock of the service; `wallMs` is a monotone reading of this machine. */
  at(wallMs: number): number {
    return this.#serviceMs + (wallMs - this.#wallMs) * this.#speed;
  }

  /**
   * Takes the time of a message that was sent just now. Small differences are taken up bit by bit so that vehicles do
   * not jerk; a difference worth more than two seconds of wall time is a new clock.
   */
  adjust(serviceMs: number, wallMs: number): void {
    if (serviceMs <= 0) return;
    const here = this.at(wallMs);
    const off = serviceMs - here;
    const far = Math.abs(off) > 2000 * Math.max(this.#speed, 1);
    this.set(far ? serviceMs : here + off * 0.1, this.#speed, wallMs);
  }
}
