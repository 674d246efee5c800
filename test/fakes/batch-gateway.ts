import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { createProgram } from '../../src/compose.ts';
import { type GatedEngine, startGatedEngine } from './gated-engine.ts';

/** A whole gateway with its database, before one engine that can be held. */
export interface BatchGateway extends AsyncDisposable {
  readonly url: string;
  readonly engine: GatedEngine;
}

/** `concurrency`: lines at once. */
export async function startBatchGateway(concurrency: number, maxItems = 1_000): Promise<BatchGateway> {
  const folder = mkdtempSync(join(tmpdir(), 'assay-batches-'));
  const engine = await startGatedEngine('judge');
  const path = writeBatchConfig(folder, engine.url, { concurrency, maxItems });
  const gateway = await createProgram({}).serve({
    source: { type: 'file', path },
    host: '127.0.0.1',
    port: 0,
    log: false,
  });
  await gateway.ready(20_000);
  return {
    url: gateway.url,
    engine,
    async [Symbol.asyncDispose]() {
      await gateway.close();
      await engine[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true });
    },
  };
}

/** The path of a configuration with an embedded database in `folder`, before the engine at `engineUrl`. */
export function writeBatchConfig(
  folder: string,
  engineUrl: string,
  { concurrency, maxItems }: { readonly concurrency: number; readonly maxItems: number },
): string {
  const path = join(folder, 'assay.yaml');
  writeFileSync(
    path,
    stringify({
      storage: { kind: 'embedded', directory: 'data' },
      jobs: { concurrency, maxItems },
      engines: {
        judge: {
          kind: 'openai',
          flavour: 'vllm',
          replicas: [engineUrl],
          model: 'judge',
          cost: { gpuHourUsd: 1 },
        },
      },
      judges: { quick: { engine: 'judge', orders: 'one' } },
      policies: { default: { tiers: ['quick'] } },
    }),
  );
  return path;
}
