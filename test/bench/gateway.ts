import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { stringify } from 'yaml';
import { chatBody, preferenceBody } from './bodies.ts';
import {
  type Cell,
  failuresOf,
  figuresOf,
  type Memory,
  type Round,
  tableOf,
  TARGETS,
  type Target,
} from './figures.ts';
import type { LoadOrder } from './load.ts';
import { STUB_MODEL } from './planted.ts';
import {
  cpuUsOf,
  freePort,
  type Load,
  memoryOf,
  type Served,
  startGateway,
  startLoad,
  startServer,
} from './processes.ts';

/**
 * `npm run bench:gateway`: what Assay costs beside the engine. Four targets take the same load in turns:
 * the stub engine alone, a bare pass-through in front of it (the control), and the gateway's chat and
 * preference calls. A preference asks in both orders, so each of its requests is two engine calls and one
 * verdict. Measures, never fails on a time; replies that are wrong end it with exit code 1.
 * Options: `--stream` (chat by stream to the client too), `--rounds N`, `--seconds S`, `--profile DIR` (a CPU
 * profile of the gateway). Flags of Node before the file's name hold for all processes.
 */
const { values: options } = parseArgs({
  options: {
    stream: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '2.5' },
    profile: { type: 'string' },
  },
});

const CONNECTIONS = 32;
const SECONDS = Number(options.seconds);
const ROUNDS = Number(options.rounds);
/** Compilers come to rest after some ten thousand requests. */
const WARM_UP = { milliseconds: 10_000, maxRequests: 40_000 };
const SINGLE_MS = 1000;
const MOST_REQUESTS = 200_000;
const MEMORY_AFTER_REQUESTS = 10_000;

/** What a target wants to be asked. */
interface Question {
  readonly server: Served;
  readonly order: Pick<LoadOrder, 'port' | 'path' | 'headers' | 'body' | 'expect'>;
}

function questionsFor(servers: Servers, authorization: string): Record<Target, Question> {
  const { stub, control, gateway } = servers;
  const chat = { path: '/v1/chat/completions', headers: {}, body: chatBody(false), expect: '"usage"' };
  const streamed = { ...chat, body: chatBody(true), expect: 'data: [DONE]' };
  const asked = options.stream ? streamed : chat;
  return {
    stub: { server: stub, order: { ...asked, port: stub.port } },
    // The control knows no streams: it is the same yardstick either way.
    control: { server: control, order: { ...chat, port: control.port } },
    chat: { server: gateway, order: { ...asked, port: gateway.port, headers: { authorization } } },
    preferences: {
      server: gateway,
      order: {
        port: gateway.port,
        path: '/v1/feedback/preferences',
        headers: { authorization },
        body: preferenceBody(),
        expect: '"outcome":"ok","label":"a"',
      },
    },
  };
}

interface Servers {
  readonly stub: Served;
  readonly control: Served;
  readonly gateway: Served;
}

function configFor(stub: Served, port: number, key: string): string {
  return stringify({
    server: { port },
    storage: { kind: 'none' },
    engines: {
      stub: {
        kind: 'openai',
        flavour: 'vllm',
        replicas: [`http://127.0.0.1:${stub.port}`],
        model: STUB_MODEL,
        cost: { gpuHourUsd: 1 },
      },
    },
    judges: { quick: { engine: 'stub' }, strict: { engine: 'stub' } },
    // Every request asks the same: it is judging that is measured here, not the label cache.
    policies: { default: { tiers: ['quick', 'strict'], acceptAt: 0.8, cache: { ttlMs: 0 } } },
    teams: { bench: { keys: [{ id: 'bench', sha256: createHash('sha256').update(key).digest('hex') }] } },
  });
}

async function measure(load: Load, { server, order }: Question): Promise<Cell> {
  const before = cpuUsOf(server.pid);
  const limits = { milliseconds: SECONDS * 1000, maxRequests: MOST_REQUESTS };
  const many = await load.run({ ...order, ...limits, connections: CONNECTIONS });
  const cpuUs = (cpuUsOf(server.pid) - before) / many.requests;
  const single = await load.run({
    ...order,
    milliseconds: SINGLE_MS,
    maxRequests: MOST_REQUESTS,
    connections: 1,
  });
  return { many, single, cpuUs };
}

/** Answers before speed: a wrong reply shows itself here, before anything is measured. */
async function warmUp(load: Load, questions: Record<Target, Question>): Promise<void> {
  for (const target of TARGETS) {
    const report = await load.run({ ...questions[target].order, ...WARM_UP, connections: CONNECTIONS });
    if (report.failures > 0) throw new Error(`${target} answers wrongly:\n${report.firstFailure}`);
    process.stderr.write(`warmed up ${target} with ${report.requests} requests\n`);
  }
}

async function measureRounds(load: Load, questions: Record<Target, Question>): Promise<Round[]> {
  const rounds: Round[] = [];
  for (let number = 1; number <= ROUNDS; number += 1) {
    const cells: Partial<Record<Target, Cell>> = {};
    for (const target of TARGETS) cells[target] = await measure(load, questions[target]);
    // Every target has just been measured.
    rounds.push(cells as Round);
    process.stderr.write(`round ${number} of ${ROUNDS} done\n`);
  }
  return rounds;
}

/** Memory of a fresh gateway after 10,000 requests. */
async function measureMemory(load: Load, { server, order }: Question): Promise<Memory> {
  const limits = { milliseconds: 60_000, maxRequests: MEMORY_AFTER_REQUESTS };
  const { requests } = await load.run({ ...order, ...limits, connections: CONNECTIONS });
  return { ...memoryOf(server.pid), requests };
}

async function main(): Promise<void> {
  const key = `assay_bench_${randomBytes(16).toString('hex')}`;
  const folder = mkdtempSync(join(tmpdir(), 'assay-bench-'));
  process.once('exit', () => rmSync(folder, { recursive: true }));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
  await using load = startLoad();
  await using stub = await startServer('stub.ts');
  await using control = await startServer('control.ts', [`http://127.0.0.1:${stub.port}`]);
  const port = await freePort();
  const config = join(folder, 'assay.yaml');
  writeFileSync(config, configFor(stub, port, key));
  await using gateway = await startGateway({
    config,
    port,
    log: join(folder, 'gateway.log'),
    profile: options.profile ?? null,
  });
  const questions = questionsFor({ stub, control, gateway }, `Bearer ${key}`);
  const memory = await measureMemory(load, questions.chat);
  await warmUp(load, questions);
  report(await measureRounds(load, questions), memory);
}

function report(rounds: readonly Round[], memory: Memory): void {
  const figures = figuresOf(rounds, memory);
  console.log(`\n${tableOf(rounds, CONNECTIONS)}\n`);
  console.log('preferences: verdicts per second; both orders, so two engine calls each');
  console.log(
    `gateway: ${memory.rssMb.toFixed(0)} MB resident after ${memory.requests} requests, peak ${memory.peakMb.toFixed(0)} MB\n`,
  );
  console.log(
    JSON.stringify({ bench: 'gateway', stream: options.stream, rounds: rounds.length, ...figures }),
  );
  if (failuresOf(rounds) > 0) process.exitCode = 1;
}

await main();
