import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { stringify } from 'yaml';
import { z } from 'zod';
import { preferenceBody } from './bodies.ts';
import { type EngineRound, engineFiguresOf, type ProtocolReport, wrongRepliesOf } from './engine-figures.ts';
import type { LoadReport } from './load.ts';
import { STUB_MODEL } from './planted.ts';
import { freePort, type Load, type Served, startGateway, startLoad, startServer } from './processes.ts';

/**
 * `npm run bench:engines`: verdicts over vLLM's HTTP and over Triton's gRPC, and over three replicas of which
 * one is stuck (its process is stopped, so its connections stay open and nothing comes). One gateway, the
 * same judge and pairs, engines that answer at once. Measures, never fails on a time; wrong replies without
 * a fault end it with exit code 1. Options: `--rounds N`, `--seconds S`.
 */
const { values: options } = parseArgs({
  options: { rounds: { type: 'string', default: '3' }, seconds: { type: 'string', default: '3' } },
});
const CONNECTIONS = 64;
const ROUNDS = Number(options.rounds);
const MILLISECONDS = Number(options.seconds) * 1000;
const WARM_UP_MS = 6000;
const SINGLE_MS = 1000;
const MOST_REQUESTS = 200_000;
/** Short, so that a round holds both the time before the stuck replica is found and the time after. */
const STUCK_AFTER_MS = 1000;

type Policy = 'http' | 'grpc' | 'three';

function configFor(port: number, stubs: readonly Served[], triton: Served): string {
  const urls = stubs.map((stub) => `http://127.0.0.1:${stub.port}`);
  const engine = { model: STUB_MODEL, cost: { gpuHourUsd: 1 }, resilience: { stuckAfterMs: STUCK_AFTER_MS } };
  const vllm = { ...engine, kind: 'openai', flavour: 'vllm' };
  // Every request asks the same: it is judging that is measured here, not the label cache.
  const cache = { ttlMs: 0 };
  return stringify({
    server: { port },
    storage: { kind: 'none' },
    engines: {
      http: { ...vllm, replicas: urls.slice(0, 1) },
      grpc: { ...engine, kind: 'triton', backend: 'vllm', replicas: [`grpc://127.0.0.1:${triton.port}`] },
      three: { ...vllm, replicas: urls },
    },
    judges: { http: { engine: 'http' }, grpc: { engine: 'grpc' }, three: { engine: 'three' } },
    policies: {
      default: { tiers: ['http'], cache },
      http: { tiers: ['http'], cache },
      grpc: { tiers: ['grpc'], cache },
      three: { tiers: ['three'], cache },
    },
  });
}

/** Sends load of one policy; each request is one item, asked in both orders. */
type Ask = (policy: Policy, connections: number, milliseconds: number) => Promise<LoadReport>;

function createAsk(load: Load, port: number): Ask {
  return (policy, connections, milliseconds) =>
    load.run({
      port,
      path: '/v1/feedback/preferences',
      headers: {},
      body: preferenceBody(policy),
      expect: '"outcome":"ok","label":"a"',
      connections,
      milliseconds,
      maxRequests: MOST_REQUESTS,
    });
}

const readiness = z.object({ engines: z.array(z.object({ ready: z.int() })) });

/** Waits until all five replicas are ready: one that was stuck is used again when a warm-up succeeds. */
async function allReady(port: number): Promise<void> {
  for (;;) {
    const reply = await fetch(`http://127.0.0.1:${port}/readyz`);
    const { engines } = readiness.parse(await reply.json());
    if (engines.reduce((sum, { ready }) => sum + ready, 0) === 5) return;
    await delay(50);
  }
}

async function measureProtocol(ask: Ask, policy: Policy): Promise<ProtocolReport> {
  const many = await ask(policy, CONNECTIONS, MILLISECONDS);
  return { many, single: await ask(policy, 1, SINGLE_MS) };
}

async function measureStuck(ask: Ask, victim: Served): Promise<LoadReport> {
  process.kill(victim.pid, 'SIGSTOP');
  try {
    return await ask('three', CONNECTIONS, MILLISECONDS);
  } finally {
    process.kill(victim.pid, 'SIGCONT');
  }
}

/** Answers before speed: a wrong reply shows itself here, before anything is measured. */
async function warmUp(ask: Ask): Promise<void> {
  for (const policy of ['http', 'grpc', 'three'] as const) {
    const { failures, firstFailure, requests } = await ask(policy, CONNECTIONS, WARM_UP_MS);
    if (failures > 0) throw new Error(`${policy} answers wrongly:\n${firstFailure}`);
    process.stderr.write(`warmed up ${policy} with ${requests} requests\n`);
  }
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'assay-bench-'));
  process.once('exit', () => rmSync(folder, { recursive: true }));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
  await using load = startLoad();
  await using first = await startServer('stub.ts');
  await using second = await startServer('stub.ts');
  await using victim = await startServer('stub.ts');
  await using triton = await startServer('triton-stub.ts');
  const port = await freePort();
  const config = join(folder, 'assay.yaml');
  writeFileSync(config, configFor(port, [first, second, victim], triton));
  await using _ = await startGateway({ config, port, log: join(folder, 'gateway.log'), profile: null });
  const ask = createAsk(load, port);
  await allReady(port);
  await warmUp(ask);
  const rounds: EngineRound[] = [];
  for (let number = 1; number <= ROUNDS; number += 1) {
    const http = await measureProtocol(ask, 'http');
    const grpc = await measureProtocol(ask, 'grpc');
    const healthy = await ask('three', CONNECTIONS, MILLISECONDS);
    const stuck = await measureStuck(ask, victim);
    await allReady(port);
    rounds.push({ http, grpc, healthy, stuck });
    process.stderr.write(`round ${number} of ${ROUNDS} done\n`);
  }
  report(rounds);
}

function report(rounds: readonly EngineRound[]): void {
  for (const { http, grpc, healthy, stuck } of rounds) {
    const row = (name: string, { perSecond, p50Ms, p99Ms, failures }: LoadReport): string =>
      `${name.padEnd(14)} ${perSecond.toFixed(0).padStart(6)}/s  p50 ${p50Ms.toFixed(2)} ms  p99 ${p99Ms.toFixed(2)} ms  ${failures} failed`;
    console.log(
      [
        row('http', http.many),
        row('http, one', http.single),
        row('grpc', grpc.many),
        row('grpc, one', grpc.single),
        row('three', healthy),
        row('three, 1 stuck', stuck),
        '',
      ].join('\n'),
    );
  }
  console.log(JSON.stringify({ bench: 'engines', rounds: rounds.length, ...engineFiguresOf(rounds) }));
  if (wrongRepliesOf(rounds) > 0) process.exitCode = 1;
}

await main();
