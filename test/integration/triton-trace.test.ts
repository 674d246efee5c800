import { expect, it } from 'vitest';
import type { Trace } from '../../src/contracts/tracing.ts';
import { CONTRACT_PROBE } from '../contracts/replica.ts';
import { testCall } from '../fakes/openai-replica.ts';
import { VLLM_MODEL } from '../fakes/triton-models.ts';
import { testTritonReplica, writeTokenizer } from '../fakes/triton-replica.ts';
import { startFakeTriton } from '../fakes/triton-server.ts';
import { vllmToy } from '../fakes/triton-toy.ts';

const TRACEPARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

it('gives a Triton the context of its call as metadata', async () => {
  using tokenizer = writeTokenizer();
  const seen: (string | undefined)[] = [];
  const toy = vllmToy({ maxModelTokens: 2048, labelIds: true });
  await using triton = await startFakeTriton({
    model: VLLM_MODEL,
    answer(inference) {
      seen.push(inference.header('traceparent'));
      void toy(inference);
    },
  });
  const replica = testTritonReplica(triton.url, {
    backend: 'vllm',
    labelProbes: [CONTRACT_PROBE],
    maxModelTokens: 2048,
    tokenizer: tokenizer.path,
  });
  const trace: Trace = {
    headers: { traceparent: TRACEPARENT },
    traceId: null,
    child: () => trace,
    end: () => undefined,
  };
  expect(await replica.warmUp(testCall())).toMatchObject({ ok: true });
  expect(new Set(seen)).toEqual(new Set([undefined]));
  seen.length = 0;
  const request = { messages: [{ role: 'user', content: 'Which one?' }], labels: CONTRACT_PROBE.id };
  expect(await replica.distribution(request, { ...testCall(), trace })).toMatchObject({ ok: true });
  expect(new Set(seen)).toEqual(new Set([TRACEPARENT]));
  await replica.close();
});
