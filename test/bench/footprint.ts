import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Pool } from 'undici';
import { z } from 'zod';
import { freePort, memoryOf } from './processes.ts';

/**
 * `npm run bench:footprint`: what a pod takes. Assembles what the image holds (deploy/assemble.sh), starts it
 * before two simulated engines with its embedded database, and measures: size, time to ready, memory idle and
 * after 10,000 requests, time of a scrape, and a SIGTERM under load. Prints one JSON line last; requests that
 * fail while it drains end it with exit code 1.
 */
const ROOT = join(import.meta.dirname, '../..');
const REQUESTS = 10_000;
const CLIENTS = 16;
const LOOK_AWAY_MS = 2_000;

const pairSchema = z.object({ prompt: z.string(), candidates: z.array(z.string()).length(2) });
const pairs = readFileSync(join(ROOT, 'src/cli/demo/pairs.jsonl'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => pairSchema.parse(JSON.parse(line)));

const folder = mkdtempSync(join(tmpdir(), 'assay-footprint-'));
const app = join(folder, 'app');
execFileSync(join(ROOT, 'deploy/assemble.sh'), [app], { stdio: ['ignore', 'ignore', 'inherit'] });
const image = megabytes(app) + megabytes(process.execPath);

function megabytes(path: string): number {
  return Number(execFileSync('du', ['-sbL', path], { encoding: 'utf8' }).split('\t')[0]) / 1e6;
}

function start(...args: string[]) {
  const words = ['--max-semi-space-size=16', join(app, 'src/main.ts'), ...args];
  return spawn(process.execPath, words, { stdio: 'ignore', cwd: folder });
}

const [small, large, port, metricsPort] = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
const engines = [
  start('simulate', '--port', `${small}`, '--model', 's'),
  start('simulate', '--port', `${large}`, '--model', 'l'),
];
const engine = (at: number, model: string) => ({
  kind: 'openai',
  replicas: [`http://127.0.0.1:${at}`],
  model,
  cost: { inputPerMtokUsd: 0.1, outputPerMtokUsd: 0.2 },
});
const config = {
  server: { port, lookAwayMs: LOOK_AWAY_MS },
  metrics: { port: metricsPort },
  engines: { small: engine(small, 's'), large: engine(large, 'l') },
  judges: { quick: { engine: 'small' }, strict: { engine: 'large' } },
  policies: { default: { tiers: ['quick', 'strict'] } },
};
writeFileSync(join(folder, 'assay.yaml'), JSON.stringify(config));
const url = `http://127.0.0.1:${port}`;

async function isUp(address: string): Promise<boolean> {
  return fetch(address).then(
    (reply) => reply.ok,
    () => false,
  );
}

for (const at of [small, large]) while (!(await isUp(`http://127.0.0.1:${at}/health`))) await delay(20);
const startedAt = performance.now();
const gateway = start('serve', '--config', join(folder, 'assay.yaml'));
while (!(await isUp(`${url}/readyz`))) await delay(20);
const startToReady = (performance.now() - startedAt) / 1_000;
await delay(2_000);
const idle = memoryOf(gateway.pid ?? 0).rssMb;

const pool = new Pool(url, { connections: CLIENTS, pipelining: 1 });
let sent = 0;
let failed = 0;

async function ask(): Promise<void> {
  const pair = pairs[sent % pairs.length];
  const item = { ...pair, prompt: `[${sent++}] ${pair?.prompt}` };
  try {
    const { statusCode, body } = await pool.request({
      method: 'POST',
      path: '/v1/feedback/preferences',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ items: [item] }),
    });
    const text = await body.text();
    if (statusCode !== 200 || text.includes('"label":null')) failed += 1;
  } catch {
    failed += 1;
  }
}

async function clientsAsk(more: () => boolean): Promise<void> {
  const client = async (): Promise<void> => {
    while (more()) await ask();
  };
  await Promise.all(Array.from({ length: CLIENTS }, () => client()));
}

await clientsAsk(() => sent < REQUESTS);
const after = memoryOf(gateway.pid ?? 0).rssMb;
const scrapes: number[] = [];
for (let i = 0; i < 21; i += 1) {
  const begun = performance.now();
  await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
  scrapes.push(performance.now() - begun);
}
const failedBefore = failed;

// Clients go on until the balancer that they stand for has seen that the gateway is not ready.
let isLookedAway = false;
const asked = clientsAsk(() => !isLookedAway);
await delay(1_000);
const exit = once(gateway, 'exit');
const stoppedAt = performance.now();
gateway.kill('SIGTERM');
await delay(LOOK_AWAY_MS / 2);
isLookedAway = true;
await asked;
await exit;
const drain = (performance.now() - stoppedAt) / 1_000;
await pool.close();
for (const one of engines) one.kill('SIGKILL');
rmSync(folder, { recursive: true, force: true });

const round = (value: number, digits: number) => Number(value.toFixed(digits));
console.log(
  JSON.stringify({
    image_mb: round(image, 0),
    start_to_ready_s: round(startToReady, 2),
    rss_idle_mb: round(idle, 0),
    rss_after_mb: round(after, 0),
    scrape_ms: round(scrapes.toSorted((a, b) => a - b)[10] ?? 0, 1),
    drain_s: round(drain, 2),
    drain_failed: failed - failedBefore,
    failed_before: failedBefore,
    look_away_s: LOOK_AWAY_MS / 1_000,
  }),
);
process.exitCode = failed > 0 ? 1 : 0;
