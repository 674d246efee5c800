import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { stringify } from 'yaml';
import { createProgram } from '../../src/compose.ts';
import { startSimulator } from '../../src/engines/simulator/simulator.ts';
import { quickSimulator } from './quick-simulator.ts';

/** A real gateway before two simulated engines, `small` and `large`, with a configuration of the test's own. */
export interface FeedbackGateway {
  readonly url: string;
  /** Empty without `metrics` in the configuration. */
  readonly metricsUrl: string;
  post(path: string, body: unknown): Promise<{ readonly status: number; readonly body: unknown }>;
  /** Sets fault switches of an engine. */
  faults(engine: 'small' | 'large', switches: Readonly<Record<string, unknown>>): Promise<void>;
  close(): Promise<void>;
}

/** `config` goes over `engines`; `files` are written beside it, by their path. */
export async function startFeedbackGateway(
  config: Readonly<Record<string, unknown>>,
  files: Readonly<Record<string, string>> = {},
): Promise<FeedbackGateway> {
  const folder = mkdtempSync(join(tmpdir(), 'assay-feedback-'));
  const [small, large] = await Promise.all([
    startSimulator(quickSimulator('small', 1.5)),
    startSimulator(quickSimulator('large', 0.1)),
  ]);
  const urls = { small: small.url, large: large.url };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  const path = join(folder, 'assay.yaml');
  writeFileSync(path, stringify({ storage: { kind: 'none' }, engines: enginesAt(urls), ...config }));
  const stop = async (): Promise<void> => {
    await Promise.all([small.close(), large.close()]);
    rmSync(folder, { recursive: true });
  };
  const source = { type: 'file', path } as const;
  const serving = createProgram({}).serve({ source, host: '127.0.0.1', port: 0, log: false });
  const gateway = await serving.catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  await gateway.ready(20_000);
  return {
    url: gateway.url,
    metricsUrl: gateway.metricsUrl ?? '',
    async post(route, body) {
      const answer = await fetch(`${gateway.url}${route}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      return { status: answer.status, body: await answer.json() };
    },
    async faults(engine, switches) {
      await fetch(`${urls[engine]}/simulator/faults`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(switches),
      });
    },
    async close() {
      await gateway.close();
      await stop();
    },
  };
}

function enginesAt(urls: Readonly<Record<string, string>>): Record<string, unknown> {
  const entries = Object.entries(urls).map(([model, url]): [string, unknown] => [
    model,
    {
      kind: 'openai',
      flavour: 'vllm',
      replicas: [url],
      model,
      cost: { inputPerMtokUsd: 1, outputPerMtokUsd: 2 },
    },
  ]);
  return Object.fromEntries(entries);
}
