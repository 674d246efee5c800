import type { Clock } from '../contracts/clock.ts';
import type { ReplicaState } from '../contracts/engine.ts';
import type { TrailEntry } from '../domain/verdict.ts';

/**
 * Which builds of the engines answer now, by their own fingerprints, so that a label of another build is not
 * given again. It knows what each ready replica said at its warm-up and in its latest answers.
 */
export interface Builds {
  /** Told of the calls of every judgment. */
  answered(trail: readonly TrailEntry[]): void;
  /** False when an engine has answers only by builds that are not among those of the trail. */
  areCurrent(trail: readonly TrailEntry[]): boolean;
}

/** States of an engine's replicas; undefined when there is no such engine. */
export type ReplicasOf = (engine: string) => readonly ReplicaState[] | undefined;

/** Latest answers of a replica that count: engines behind one address may answer with several builds. */
const LATEST = 20;
/** Replicas are looked at this often at most: it is asked for every label that is given again. */
const LOOK_MS = 250;

interface Known {
  /** Another object after another warm-up: what was said before it counts no more. */
  readonly report: ReplicaState['report'];
  readonly latest: string[];
}

export function createBuilds(replicasOf: ReplicasOf, clock: Pick<Clock, 'monotonic'>): Builds {
  const engines = new Map<string, EngineBuilds>();
  const of = (engine: string): EngineBuilds => {
    const known = engines.get(engine);
    if (known !== undefined) return known;
    const made = new EngineBuilds(() => replicasOf(engine), clock);
    engines.set(engine, made);
    return made;
  };
  return {
    answered(trail) {
      for (const entry of trail) of(entry.engine).answered(entry);
    },
    areCurrent: (trail) =>
      trail.every(({ engine, problem, fingerprint }) => problem !== null || of(engine).has(fingerprint)),
  };
}

class EngineBuilds {
  readonly #look: () => readonly ReplicaState[] | undefined;
  readonly #clock: Pick<Clock, 'monotonic'>;
  #replicas = new Map<string, Known>();
  #builds = new Set<string>();
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(look: () => readonly ReplicaState[] | undefined, clock: Pick<Clock, 'monotonic'>) {
    this.#look = look;
    this.#clock = clock;
  }

  answered({ replica, fingerprint }: TrailEntry): void {
    if (replica === null || fingerprint === null) return;
    this.#refresh();
    const latest = this.#replicas.get(replica)?.latest;
    if (latest === undefined) return;
    latest.push(fingerprint);
    if (latest.length > LATEST) latest.shift();
    if (!this.#builds.has(fingerprint)) this.#count();
  }

  has(fingerprint: string | null): boolean {
    this.#refresh();
    // An engine that is away, or never tells, contradicts nothing.
    if (this.#builds.size === 0) return true;
    return fingerprint !== null && this.#builds.has(fingerprint);
  }

  #refresh(): void {
    const now = this.#clock.monotonic();
    if (now - this.#lookedAt < LOOK_MS) return;
    this.#lookedAt = now;
    const ready = (this.#look() ?? []).filter((replica) => replica.ready);
    this.#replicas = new Map(
      ready.map(({ name, report }): [string, Known] => {
        const known = this.#replicas.get(name);
        if (known?.report === report) return [name, known];
        const said = report?.fingerprint ?? null;
        return [name, { report, latest: said === null ? [] : [said] }];
      }),
    );
    this.#count();
  }

  #count(): void {
    this.#builds = new Set([...this.#replicas.values()].flatMap(({ latest }) => latest));
  }
}
