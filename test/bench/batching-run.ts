import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Pool } from 'undici';
import { stringify } from 'yaml';
import { z } from 'zod';
import { loadTemplates } from '../../src/config/templates.ts';
import type { Item, Order } from '../../src/domain/item.ts';
import { renderPreference } from '../../src/judging/render.ts';
import { cpuUsOf, freePort, startGateway, startServer } from './processes.ts';

/**
 * One labelling run, asked of the engine itself or through Assay. The engine gets the very prompts that Assay
 * writes, in both orders; each run has an engine of its own with an empty prefix cache.
 */
export interface RunFigures {
  readonly pairsPerSecond: number;
  /** Share of the prompt tokens that the engine took from its prefix cache. */
  readonly cachedShare: number;
  /** Prompt tokens for one pair that the engine had to read, those from its cache left out, and tokens that it wrote. */
  readonly readTokens: number;
  readonly writtenTokens: number;
  /** Items with a label. */
  readonly labelled: number;
  /** CPU time of the engine, and of the gateway where there is one, for one pair, in microseconds. */
  readonly engineCpuUs: number;
  readonly gatewayCpuUs: number;
}

const FOLDER = join(import.meta.dirname, '../../src/judging/templates');
const ORDERS: readonly Order[] = ['ab', 'ba'];

/** Made-up pairs of everyday length under one rubric; two pairs for each prompt, as best-of-n sampling gives. */
export function madeUpPairs(count: number): readonly Item[] {
  return Array.from({ length: count }, (_, i) => {
    const topic = i >> 1;
    return {
      id: String(i),
      prompt: `Question ${topic}: ${'what should one know about it, and why? '.repeat(8)}`,
      candidates: [
        `Answer one to ${i}. ${'It is so, as everybody can see. '.repeat(10)}`,
        `Answer two to ${i}. ${'It is not so, and here is why. '.repeat(10)}`,
      ],
      rubric: undefined,
      metadata: {},
    };
  });
}

/** Bodies of the engine calls for the pairs, both orders of one pair side by side. */
function bodiesOf(items: readonly Item[]): string[] {
  const template = loadTemplates([FOLDER]).find('preference/label');
  if (template === undefined) throw new Error('the built-in template is gone');
  return items.flatMap((item) =>
    ORDERS.map((order) =>
      JSON.stringify({
        model: 'judge',
        messages: renderPreference(template, item, order, () => 'a1b2c3d4e5'),
        max_tokens: 1,
        temperature: 0,
        logprobs: true,
        top_logprobs: 20,
      }),
    ),
  );
}

/** The engine asked by itself, `concurrency` calls at a time. */
export async function askEngine(items: readonly Item[], concurrency: number): Promise<RunFigures> {
  await using engine = await startServer('batching-engine.ts');
  const client = new Pool(`http://127.0.0.1:${engine.port}`, { connections: concurrency });
  const bodies = bodiesOf(items).values();
  let answered = 0;
  const send = async (): Promise<void> => {
    for (const body of bodies) {
      const headers = { 'content-type': 'application/json' };
      const reply = await client.request({ method: 'POST', path: '/v1/chat/completions', headers, body });
      const text = await reply.body.text();
      if (reply.statusCode !== 200 || !text.includes('top_logprobs')) throw new Error(text);
      answered += 1;
    }
  };
  const engineCpu = cpuUsOf(engine.pid);
  const begin = performance.now();
  await Promise.all(Array.from({ length: concurrency }, send));
  const seconds = (performance.now() - begin) / 1000;
  await client.close();
  return {
    pairsPerSecond: items.length / seconds,
    ...tokenFigures(await tokensOf(engine.port), NO_TOKENS, items.length),
    labelled: answered / ORDERS.length,
    engineCpuUs: (cpuUsOf(engine.pid) - engineCpu) / items.length,
    gatewayCpuUs: 0,
  };
}

export interface AssayOptions {
  /** For the configuration and the log. */
  readonly folder: string;
  /** Items in one request, and requests at a time. */
  readonly items: number;
  readonly requests: number;
  readonly coalesce: Readonly<Record<string, number>>;
  /** Of the judge, over its defaults. */
  readonly judge?: Readonly<Record<string, unknown>>;
}

const summary = z.object({ summary: z.object({ ok: z.int() }) });

/** The same through a gateway. */
export async function askAssay(items: readonly Item[], options: AssayOptions): Promise<RunFigures> {
  await using engine = await startServer('batching-engine.ts');
  const port = await freePort();
  const config = join(options.folder, 'assay.yaml');
  writeFileSync(config, configFor(port, engine.port, options));
  await using gateway = await startGateway({
    config,
    port,
    log: join(options.folder, 'gateway.log'),
    profile: null,
  });
  const before = await tokensOf(engine.port);
  let labelled = 0;
  const starts = Array.from(
    { length: Math.ceil(items.length / options.items) },
    (_, i) => i * options.items,
  ).values();
  const send = async (): Promise<void> => {
    for (const start of starts) {
      const some = items.slice(start, start + options.items);
      const answer = await fetch(`http://127.0.0.1:${port}/v1/feedback/preferences`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ items: some.map(({ prompt, candidates }) => ({ prompt, candidates })) }),
      });
      labelled += summary.parse(await answer.json()).summary.ok;
    }
  };
  const cpu = { engine: cpuUsOf(engine.pid), gateway: cpuUsOf(gateway.pid) };
  const begin = performance.now();
  await Promise.all(Array.from({ length: options.requests }, send));
  const seconds = (performance.now() - begin) / 1000;
  return {
    pairsPerSecond: items.length / seconds,
    ...tokenFigures(await tokensOf(engine.port), before, items.length),
    labelled,
    engineCpuUs: (cpuUsOf(engine.pid) - cpu.engine) / items.length,
    gatewayCpuUs: (cpuUsOf(gateway.pid) - cpu.gateway) / items.length,
  };
}

function configFor(port: number, engine: number, { coalesce, judge }: AssayOptions): string {
  return stringify({
    server: { port },
    engines: {
      judge: {
        kind: 'openai',
        replicas: [`http://127.0.0.1:${engine}`],
        model: 'judge',
        cost: { gpuHourUsd: 2 },
        coalesce,
      },
    },
    judges: { quick: { engine: 'judge', ...judge } },
    policies: { default: { tiers: ['quick'], cache: { ttlMs: 0 } } },
  });
}

interface Tokens {
  readonly asked: number;
  readonly cached: number;
  readonly written: number;
}

const NO_TOKENS: Tokens = { asked: 0, cached: 0, written: 0 };

/** What the engine itself counted: a batch does not tell its caller. */
async function tokensOf(port: number): Promise<Tokens> {
  const page = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const counter = (name: string): number =>
    Number(new RegExp(`^vllm:${name}_total\\{[^}]*\\} (\\S+)$`, 'm').exec(page)?.[1]);
  return {
    asked: counter('prefix_cache_queries'),
    cached: counter('prefix_cache_hits'),
    written: counter('generation_tokens'),
  };
}

function tokenFigures(now: Tokens, before: Tokens, pairs: number) {
  const [asked, cached] = [now.asked - before.asked, now.cached - before.cached];
  return {
    cachedShare: cached / asked,
    readTokens: (asked - cached) / pairs,
    writtenTokens: (now.written - before.written) / pairs,
  };
}
