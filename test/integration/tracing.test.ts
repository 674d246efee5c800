import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { createProgram } from '../../src/compose.ts';
import { ConfigError, type RunningGateway } from '../../src/contracts/program.ts';
import type { RunningSimulator } from '../../src/contracts/simulator.ts';
import { startSimulator } from '../../src/engines/simulator/simulator.ts';
import { quickSimulator } from '../fakes/quick-simulator.ts';
import { recorded } from '../fakes/recording-tracing.ts';
import { type ScriptedEngine, type SeenRequest, startScriptedEngine } from '../fakes/scripted-engine.ts';

const MODULE = join(import.meta.dirname, '../fakes/recording-tracing.ts');
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SAMPLED = `00-${TRACE}-00f067aa0ba902b7-01`;
const UNSAMPLED = `00-${TRACE}-00f067aa0ba902b7-00`;
const SECRET = 'the canary sings at noon';

/** A gateway with traces and one without, before one simulated engine whose requests are seen. */
describe('traces', () => {
  const folder = mkdtempSync(join(tmpdir(), 'assay-tracing-'));
  let simulator: RunningSimulator;
  let engine: ScriptedEngine;
  let traced: RunningGateway;
  let plain: RunningGateway;

  beforeAll(async () => {
    simulator = await startSimulator(quickSimulator('judge', 0.1));
    engine = await startScriptedEngine((request, response) => void forward(request, response));
    traced = await serve('traced', { tracing: { module: MODULE } });
    plain = await serve('plain', {});
  });
  afterAll(async () => {
    await Promise.all([traced.close(), plain.close()]);
    await engine[Symbol.asyncDispose]();
    await simulator.close();
    rmSync(folder, { recursive: true });
  });
  beforeEach(() => {
    recorded.length = 0;
    engine.seen.length = 0;
  });

  async function serve(name: string, more: Record<string, unknown>): Promise<RunningGateway> {
    const path = join(folder, `${name}.yaml`);
    const replicas = [engine.url];
    const cost = { inputPerMtokUsd: 1, outputPerMtokUsd: 1 };
    const config = {
      storage: { kind: 'none' },
      engines: { one: { kind: 'openai', flavour: 'vllm', replicas, model: 'judge', cost } },
      judges: { only: { engine: 'one' } },
      policies: { default: { tiers: ['only'] } },
      ...more,
    };
    writeFileSync(path, stringify(config));
    const source = { type: 'file', path } as const;
    const gateway = await createProgram({}).serve({ source, port: 0, log: false });
    await gateway.ready(20_000);
    return gateway;
  }
  async function forward({ method, path, body }: SeenRequest, response: ServerResponse): Promise<void> {
    const headers = { 'content-type': 'application/json' };
    const asked = body === null ? { method } : { method, headers, body: JSON.stringify(body) };
    const reply = await fetch(`${simulator.url}${path}`, asked);
    response.writeHead(reply.status, { 'content-type': reply.headers.get('content-type') ?? '' });
    response.end(Buffer.from(await reply.arrayBuffer()));
  }
  const judge = async (gateway: RunningGateway, headers: Record<string, string>): Promise<void> => {
    const items = [{ prompt: SECRET, candidates: [`yes, ${SECRET}`, `no ${Math.random()}`] }];
    const reply = await fetch(`${gateway.url}/v1/feedback/preferences`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ items }),
    });
    expect(reply.status).toBe(200);
    await reply.text();
  };
  const passedOn = (): unknown[] =>
    engine.seen
      .filter(({ path }) => path === '/v1/chat/completions')
      .map(({ headers }) => headers['traceparent']);

  it('hang together from the request over the verdict to each engine call, under the caller', async () => {
    await judge(traced, { traceparent: SAMPLED, 'x-request-id': 'req-1' });
    await expect.poll(() => recorded.length).toBe(4);
    const [first, second, verdict, request] = recorded;
    expect(recorded.map(({ traceId }) => traceId)).toEqual([TRACE, TRACE, TRACE, TRACE]);
    expect(request).toMatchObject({
      name: 'POST /v1/feedback/preferences',
      parentId: '00f067aa0ba902b7',
      attributes: { 'http.response.status_code': 200, 'assay.request.id': 'req-1' },
      failed: false,
    });
    expect(verdict).toMatchObject({
      name: 'assay.verdict preference',
      parentId: request?.spanId,
      attributes: { 'gen_ai.evaluation.name': 'preference', 'assay.tier': 'only', 'assay.policy': 'default' },
    });
    for (const call of [first, second]) {
      expect(call).toMatchObject({
        name: 'chat judge',
        parentId: verdict?.spanId,
        attributes: {
          'gen_ai.operation.name': 'chat',
          'gen_ai.request.model': 'judge',
          'gen_ai.usage.output_tokens': 1,
          'assay.replica': 'one/0',
        },
      });
    }
    const ids = new Set([first, second].map((call) => `00-${TRACE}-${call?.spanId}-01`));
    expect(new Set(passedOn())).toEqual(ids);
    expect(JSON.stringify(recorded)).not.toContain('canary');
  });

  it('are not made where the caller decided so, whose context goes on all the same', async () => {
    await judge(traced, { traceparent: UNSAMPLED });
    expect(passedOn()).toEqual([UNSAMPLED, UNSAMPLED]);
    expect(recorded).toEqual([]);
  });

  it('name what failed', async () => {
    await fetch(`${traced.url}/v1/feedback/preferences`, {
      method: 'POST',
      body: '{',
      headers: { 'content-type': 'application/json' },
    });
    await expect.poll(() => recorded.length).toBe(1);
    expect(recorded[0]).toMatchObject({ failed: true, attributes: { 'error.type': 'invalid_request' } });
  });

  it('without tracing, pass a well-formed context through and make none', async () => {
    await judge(plain, { traceparent: SAMPLED, tracestate: 'vendor=1' });
    expect(passedOn()).toEqual([SAMPLED, SAMPLED]);
    expect(engine.seen.at(-1)?.headers['tracestate']).toBe('vendor=1');
    engine.seen.length = 0;
    await judge(plain, {});
    await judge(plain, { traceparent: 'made up' });
    expect(passedOn()).toEqual([undefined, undefined, undefined, undefined]);
    expect(recorded).toEqual([]);
  });

  it('need a module that can be loaded', async () => {
    const error: unknown = await serve('broken', { tracing: { module: './missing.mjs' } }).catch(
      (e: unknown) => e,
    );
    expect(error).toBeInstanceOf(ConfigError);
    const [problem] = error instanceof ConfigError ? error.problems : [];
    expect(problem).toMatchObject({ path: 'tracing.module' });
    expect(problem?.message).toContain('missing.mjs cannot be loaded');
  });
});
