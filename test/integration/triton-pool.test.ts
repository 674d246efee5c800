import { status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import type { Replica } from '../../src/contracts/engine.ts';
import type { ReplicaPool } from '../../src/pool/replica-pool.ts';
import { chat, testCall } from '../fakes/openai-replica.ts';
import { startPool } from '../fakes/system-pool.ts';
import { VLLM_MODEL } from '../fakes/triton-models.ts';
import { testTritonReplica } from '../fakes/triton-replica.ts';
import { type FakeInference, type FakeTriton, startFakeTriton } from '../fakes/triton-server.ts';
import { texts } from '../fakes/triton-tensors.ts';
import { vllmToy } from '../fakes/triton-toy.ts';

const TOY = vllmToy({ maxModelTokens: 2048, labelIds: false });
const QUESTION = { labels: 'pair@1', messages: [{ role: 'user', content: 'A or B?' }] };

interface Fleet extends AsyncDisposable {
  readonly pool: ReplicaPool;
  readonly servers: readonly [FakeTriton, FakeTriton];
}

/** Two Tritons with a pool in front, both warm. */
async function fleet(): Promise<Fleet> {
  const servers = [
    await startFakeTriton({ model: VLLM_MODEL, answer: TOY }),
    await startFakeTriton({ model: VLLM_MODEL, answer: TOY }),
  ] as const;
  const replicas: readonly Replica[] = servers.map(({ url }) => testTritonReplica(url));
  const pool = await startPool(replicas);
  return {
    pool,
    servers,
    async [Symbol.asyncDispose]() {
      await pool.close();
      for (const server of servers) await server[Symbol.asyncDispose]();
    },
  };
}

/** The first request that reaches any of the servers meets `fault`; all others are answered. */
function faultOnce(servers: Fleet['servers'], fault: (inference: FakeInference) => void): void {
  let met = false;
  for (const server of servers) {
    server.answer((inference) => {
      if (met) return TOY(inference);
      met = true;
      return fault(inference);
    });
  }
}

const requestsTo = (servers: Fleet['servers']): number =>
  servers.reduce((sum, { seen }) => sum + seen.length, 0);

describe('a GOAWAY under load', () => {
  it('loses no item of a pool of two: what runs ends, the rest goes to the other server', async () => {
    await using running = await fleet();
    const { pool, servers } = running;
    const [first, second] = servers;
    let asked = 0;
    const stopping: Promise<void>[] = [];
    const failures: unknown[] = [];
    const worker = async (): Promise<void> => {
      while (asked < 300) {
        asked += 1;
        if (asked === 100) stopping.push(first.shutDown());
        const { result } = await pool.distribution(QUESTION, testCall(`req_${asked}`));
        if (!result.ok) failures.push(result.failure);
      }
    };
    const before = first.seen.length;
    const other = second.seen.length;
    await Promise.all(Array.from({ length: 16 }, worker));
    expect(failures).toEqual([]);
    await Promise.all(stopping);
    expect(stopping).toHaveLength(1);
    // Both took their part, and the first one had none of its running answers cut.
    expect(first.seen.length).toBeGreaterThan(before + 10);
    expect(first.cancelled()).toBe(0);
    expect(second.seen.length - other).toBeGreaterThanOrEqual(200);
    expect(first.seen.length - before + second.seen.length - other).toBe(300);
  });
});

describe('UNAVAILABLE', () => {
  it.each([
    ['a server that stops', 'GRPC server is shutting down and has stopped accepting new requests.'],
    ['a full queue', '[request id: a] Exceeds maximum queue size'],
    ['a connection that broke', 'Connection dropped'],
    ['words of its own', 'odd'],
  ])('of %s sends a judgment once more, to the other server', async (_, details) => {
    await using running = await fleet();
    const { pool, servers } = running;
    const before = requestsTo(servers);
    faultOnce(servers, (inference) => inference.status(status.UNAVAILABLE, details));
    const { result, report } = await pool.distribution(QUESTION, testCall());
    expect(result.ok).toBe(true);
    expect(report.attempts).toBe(2);
    expect(requestsTo(servers)).toBe(before + 2);
  });

  it('before the first word of a text sends it once more', async () => {
    await using running = await fleet();
    const { pool, servers } = running;
    const before = requestsTo(servers);
    faultOnce(servers, (inference) => inference.status(status.UNAVAILABLE, 'Server is stopping'));
    const generation = await pool.generate(chat('Hi', { max_tokens: 2 }), testCall());
    if (!generation.ok) throw new Error(generation.failure.message);
    const types: string[] = [];
    for await (const { type } of generation.value.events) types.push(type);
    expect(types.at(-1)).toBe('end');
    expect(generation.value.report().attempts).toBe(2);
    expect(requestsTo(servers)).toBe(before + 2);
  });

  it('after the first word of a text sends nothing more: the reader has a part of it', async () => {
    await using running = await fleet();
    const { pool, servers } = running;
    faultOnce(servers, (inference) => {
      inference.send([texts('text_output', 'x'), texts('finish_reason', 'None')], false);
      inference.status(status.UNAVAILABLE, 'Connection dropped');
    });
    const generation = await pool.generate(chat('Hi', { max_tokens: 2 }), testCall());
    if (!generation.ok) throw new Error(generation.failure.message);
    let last: unknown = null;
    for await (const event of generation.value.events) last = event;
    expect(last).toMatchObject({ type: 'failure', failure: { code: 'engine_error', sent: true } });
    expect(generation.value.report().attempts).toBe(1);
    const texted = servers
      .flatMap(({ seen }) => seen)
      .filter((inference) => inference.text('sampling_parameters')?.includes('"max_tokens":2'));
    expect(texted).toHaveLength(1);
  });
});
