import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { startCountingEngine } from '../fakes/counting-engine.ts';
import { chaosConfig } from '../fakes/job-chaos.ts';
import { seededRandom } from '../fakes/seeded-random.ts';
import { freePort, SupervisedGateway } from '../fakes/supervised-gateway.ts';
import { SEED, sayHowToRepeat } from './plan.ts';

const ROUNDS = 3;
const CLIENTS = 32;
const ENGINE_MS = 60;
/** A request that was sent but not read yet when the signal came is served too. */
const LOOK_AWAY_MS = 1_000;

interface Asked {
  readonly at: number;
  /** Null when there was no connection, or it broke. */
  readonly status: number | null;
}

it('SIGTERM under load fails no request that was in flight', async () => {
  sayHowToRepeat();
  const random = seededRandom(SEED);
  const folder = mkdtempSync(join(tmpdir(), 'assay-chaos-'));
  await using engine = await startCountingEngine('judge', ENGINE_MS);
  const port = await freePort();
  const config = join(folder, 'assay.yaml');
  writeFileSync(config, chaosConfig(engine, { port, concurrency: 8, lookAwayMs: LOOK_AWAY_MS }));
  await using gateway = new SupervisedGateway(config, port);
  try {
    for (let round = 0; round < ROUNDS; round += 1) {
      await gateway.start();
      const load = new Load(gateway.url, `r${round}`);
      await delay(500 + random() * 500);
      const told = performance.now();
      const inFlight = load.inFlight;
      const code = await gateway.end('SIGTERM');
      const asked = await load.end();
      const before = asked.filter(({ at }) => at < told);
      const answered = before.filter(({ status }) => status === 200).length;
      console.log(
        JSON.stringify({
          chaos: 'shutdown',
          seed: SEED,
          answered,
          in_flight: inFlight,
          failed: before.length - answered,
        }),
      );
      expect(inFlight).toBe(CLIENTS);
      expect(before.map(({ status }) => status)).toEqual(before.map(() => 200));
      expect(code).toBe(0);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

/** Clients that ask one question after the other until they are told to end. */
class Load {
  readonly #url: string;
  readonly #name: string;
  readonly #asked: Asked[] = [];
  readonly #clients: Promise<void>[];
  #isOver = false;
  inFlight = 0;

  constructor(url: string, name: string) {
    this.#url = `${url}/v1/feedback/preferences`;
    this.#name = name;
    this.#clients = Array.from({ length: CLIENTS }, (_, n) => this.#client(n));
  }

  async end(): Promise<readonly Asked[]> {
    this.#isOver = true;
    await Promise.all(this.#clients);
    return this.#asked;
  }

  async #client(client: number): Promise<void> {
    for (let n = 0; !this.#isOver; n += 1) {
      const at = performance.now();
      this.inFlight += 1;
      const status = await this.#ask(`${this.#name}-${client}-${n}`).catch(() => null);
      this.inFlight -= 1;
      this.#asked.push({ at, status });
      // Nobody listens any more: the process is about to be gone.
      if (status === null) await delay(20);
    }
  }

  async #ask(name: string): Promise<number> {
    const item = { prompt: `<<${name}>>`, candidates: ['x', 'y'] };
    const reply = await fetch(this.#url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ items: [item] }),
    });
    await reply.arrayBuffer();
    return reply.status;
  }
}
