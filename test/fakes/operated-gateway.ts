import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { createProgram } from '../../src/compose.ts';
import { startSimulator } from '../../src/engines/simulator/simulator.ts';
import { quickSimulator } from './quick-simulator.ts';

/** A gateway before one simulated engine, whose admin API wants `ADMIN_KEY`. */
export interface OperatedGateway extends AsyncDisposable {
  readonly url: string;
  readonly adminUrl: string;
  readonly engineUrl: string;
  label(itemId: string): Promise<void>;
  /** On the same port, with counters at 0. */
  restartEngine(): Promise<void>;
}

export const ADMIN_KEY = 'assay_operator_0123456789abcdefghijklmnopqrstuv';

/** Its engine writes a token each `interTokenMs`. */
export async function startOperatedGateway(interTokenMs = 0): Promise<OperatedGateway> {
  const folder = mkdtempSync(join(tmpdir(), 'assay-console-'));
  const path = join(folder, 'assay.yaml');
  const quick = quickSimulator('judge', 0.1);
  const simulated = { ...quick, clock: { ...quick.clock, interTokenMs } };
  let engine = await startSimulator(simulated);
  const sha256 = createHash('sha256').update(ADMIN_KEY).digest('hex');
  const config = {
    admin: { port: 0, keys: [{ id: 'operator', sha256 }] },
    storage: { kind: 'none' },
    engines: {
      only: {
        kind: 'openai',
        replicas: [engine.url],
        model: 'judge',
        cost: { inputPerMtokUsd: 1, outputPerMtokUsd: 1 },
      },
    },
    judges: { quick: { engine: 'only' } },
    policies: { default: { tiers: ['quick'] } },
  };
  writeFileSync(path, stringify(config));
  const source = { type: 'file', path } as const;
  const gateway = await createProgram({}).serve({ source, host: '127.0.0.1', port: 0, log: false });
  await gateway.ready(20_000);
  return {
    url: gateway.url,
    adminUrl: gateway.adminUrl ?? '',
    engineUrl: engine.url,
    async restartEngine() {
      const port = Number(new URL(engine.url).port);
      await engine.close();
      engine = await startSimulator({ ...simulated, port });
    },
    async label(itemId) {
      const items = [
        { id: itemId, prompt: 'Which is a city?', candidates: ['Lima is one.', 'Blue is one.'] },
      ];
      const reply = await fetch(`${gateway.url}/v1/feedback/preferences`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ items }),
      });
      if (!reply.ok) throw new Error(await reply.text());
    },
    async [Symbol.asyncDispose]() {
      await gateway.close();
      await engine.close();
      rmSync(folder, { recursive: true });
    },
  };
}
