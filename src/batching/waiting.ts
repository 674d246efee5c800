import type { CallClass } from '../contracts/call.ts';
import type { Clock } from '../contracts/clock.ts';
import type { LineState, Places } from '../contracts/scheduling.ts';
import { createDrainRate, type DrainRate } from './drain-rate.ts';
import { CLASSES, createLane, isPatientClass, type Lane } from './lane.ts';
import type { QueueSettings } from './settings.ts';
import type { Ending, Waiter } from './waiter.ts';

/** After an urgent call others are near, for so long: whoever comes often finds the engine's own places free. */
const NEAR_MS = 10_000;

/** All who wait for one engine: bounded, in the order in which they go, with the pace at which they do. */
export class Waiting {
  readonly #settings: () => QueueSettings;
  readonly #clock: Clock;
  readonly #lanes: readonly Lane[];
  readonly #rate: DrainRate;
  #count = 0;
  #bytes = 0;
  /** When a call came last that batch work must not be in the way of. */
  #urgentAt = Number.NEGATIVE_INFINITY;

  constructor(settings: () => QueueSettings, clock: Clock) {
    this.#settings = settings;
    this.#clock = clock;
    this.#lanes = CLASSES.map((of) => createLane(of, settings));
    this.#rate = createDrainRate(clock);
  }

  get count(): number {
    return this.#count;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** False when there is no room. It may displace ones that are less urgent, or of a team that fills the line more. */
  add(waiter: Waiter): boolean {
    if (!this.#makeRoom(waiter)) return false;
    const lane = this.#laneOf(waiter.class);
    if (lane.line.size === 0) lane.counted(waiter.since);
    lane.line.add(waiter);
    this.#note(waiter, 1);
    return true;
  }

  /** False when it did not wait. */
  remove(waiter: Waiter): boolean {
    const was = this.#laneOf(waiter.class).line.remove(waiter);
    if (was) this.#note(waiter, -1);
    return was;
  }

  /** Takes out the next one that may go while `running` of `places` are taken; null when there is none. */
  take(running: number, places: Places): Waiter | null {
    if (this.#count === 0 || running >= places.all) return null;
    const now = this.#clock.monotonic();
    const isNear = this.#isUrgentNear(now);
    const waiter = nextOf(this.#lanes, now, (lane) => running < lane.placesOf(places, isNear));
    if (waiter !== null) this.#note(waiter, -1);
    return waiter;
  }

  /** A call of this class may go at once: a place is free, and nobody as urgent waits. */
  mayPass(of: CallClass, running: number, places: Places): boolean {
    const lane = this.#laneOf(of);
    const now = this.#clock.monotonic();
    if (!isPatientClass(of)) this.#urgentAt = now;
    if (running >= lane.placesOf(places, this.#isUrgentNear(now))) return false;
    return this.#count === 0 || this.#lanes.every(({ rank, line }) => rank > lane.rank || line.size === 0);
  }

  /** A place went to a call of this class. */
  granted(of: CallClass): void {
    if (this.#count === 0) return;
    const lane = this.#laneOf(of);
    lane.counted(this.#clock.monotonic());
    for (const other of this.#lanes) if (other.rank > lane.rank && other.line.size > 0) other.passed();
  }

  /** A call ended that was charged with `charged` tokens and took `used`. */
  settle(
    { team, class: of }: Pick<Waiter, 'team' | 'class'>,
    tokens: { readonly charged: number; readonly used: number },
  ): void {
    this.#rate.served(tokens.used);
    this.#laneOf(of).line.charge(team, tokens.used - tokens.charged);
  }

  /** Instant at which somebody gets a place out of turn, if one is free then; null when nobody waits. */
  starvesAt(): number | null {
    const instants = this.#lanes.map((lane) => lane.starvesAt()).filter((instant) => instant !== null);
    return instants.length === 0 ? null : Math.min(...instants);
  }

  /** Milliseconds after which a call that came now would have its turn; null while the pace is unknown. */
  expectedMs(team: string, of: CallClass): number | null {
    const lane = this.#laneOf(of);
    let before = lane.line.tokensBefore(team);
    for (const other of this.#lanes) if (other.rank < lane.rank) before += other.line.tokens;
    const perMs = before === 0 ? 1 : this.#rate.perMs();
    return perMs === null ? null : Math.round(before / perMs);
  }

  lines(): readonly LineState[] {
    const now = this.#clock.monotonic();
    return this.#lanes.flatMap(({ line, class: of }) =>
      line.teams().map(({ team, waiting, tokens, oldestSince }) => ({
        class: of,
        team,
        waiting,
        waitingTokens: Math.round(tokens),
        oldestMs: Math.round(now - oldestSince),
        expectedMs: this.expectedMs(team, of),
      })),
    );
  }

  endAll(how: Ending): void {
    for (const { line } of this.#lanes) {
      for (let waiter = line.take(); waiter !== null; waiter = line.take()) {
        this.#note(waiter, -1);
        waiter.end(how);
      }
    }
  }

  #isUrgentNear(now: number): boolean {
    return now - this.#urgentAt < NEAR_MS;
  }

  #laneOf(of: CallClass): Lane {
    const lane = this.#lanes[CLASSES.indexOf(of)];
    if (lane === undefined) throw new Error(`${of} is no class of calls`);
    return lane;
  }

  #note(waiter: Waiter, change: 1 | -1): void {
    this.#count += change;
    this.#bytes += change * waiter.bytes;
    this.#rate.waiting(this.#count > 0);
  }

  #makeRoom(newcomer: Waiter): boolean {
    const { maximumWaiting, maximumBytes } = this.#settings();
    if (maximumWaiting === 0 || newcomer.bytes > maximumBytes) return false;
    while (this.#count >= maximumWaiting || this.#bytes + newcomer.bytes > maximumBytes) {
      const victim = victimOf(this.#lanes, newcomer);
      if (victim === null) return false;
      this.remove(victim);
      victim.end('displaced');
    }
    return true;
  }
}

/** A class that starves, or else the most urgent one that waits: it alone, so that nobody overtakes it. */
function nextOf(lanes: readonly Lane[], now: number, hasPlace: (lane: Lane) => boolean): Waiter | null {
  const starving = lanes.find((lane) => lane.isStarving(now));
  if (starving !== undefined) return starving.line.take();
  const first = lanes.find(({ line }) => line.size > 0);
  return first !== undefined && hasPlace(first) ? first.line.take() : null;
}

/** Who goes when the newcomer finds no room: the last of the least urgent; null when that is the newcomer. */
function victimOf(lanes: readonly Lane[], newcomer: Waiter): Waiter | null {
  const last = lanes.findLast(({ line }) => line.size > 0);
  if (last === undefined || last.rank < CLASSES.indexOf(newcomer.class)) return null;
  return last.line.excess(last.class === newcomer.class ? newcomer.team : null);
}
