import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { testCall } from '../fakes/openai-replica.ts';
import { VLLM_MODEL } from '../fakes/triton-models.ts';
import { testTritonReplica } from '../fakes/triton-replica.ts';
import { startFakeTriton } from '../fakes/triton-server.ts';
import { vllmToy } from '../fakes/triton-toy.ts';

async function startPage(listener: RequestListener): Promise<{ port: number } & AsyncDisposable> {
  const server = createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    // A listening TCP server has an address with a port.
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

const FIGURES =
  'vllm:num_requests_running{model="judge",version="1"} 3\nvllm:num_requests_waiting{model="judge",version="1"} 1\n';

describe('the load of a replica', () => {
  it('is read from the metrics port, and the report says that it can be', async () => {
    await using page = await startPage((request, response) =>
      response.end(request.url === '/metrics' ? FIGURES : ''),
    );
    await using triton = await startFakeTriton({
      model: VLLM_MODEL,
      answer: vllmToy({ maxModelTokens: 2048, labelIds: true }),
    });
    await using replica = testTritonReplica(triton.url, { metricsPort: page.port });
    expect(await replica.warmUp(testCall())).toMatchObject({
      ok: true,
      value: { capabilities: { load: true } },
    });
    expect(await replica.load?.(testCall())).toEqual({
      ok: true,
      value: { running: 3, waiting: 1, cacheUse: null },
    });
  });

  it('is null where no metrics port is known', async () => {
    await using replica = testTritonReplica('grpc://127.0.0.1:1');
    expect(await replica.load?.(testCall())).toEqual({ ok: true, value: null });
  });

  it('blames nobody when the port does not answer', async () => {
    await using replica = testTritonReplica('grpc://127.0.0.1:1', { metricsPort: 1 });
    expect(await replica.load?.(testCall())).toMatchObject({
      ok: false,
      failure: { code: 'engine_unavailable', sent: false, blamesReplica: false },
    });
  });

  it('ends with its call', async () => {
    const leaving = testCall();
    await using page = await startPage(() => leaving.cancel());
    await using replica = testTritonReplica('grpc://127.0.0.1:1', { metricsPort: page.port });
    expect(await replica.load?.(leaving)).toMatchObject({ ok: false, failure: { code: 'cancelled' } });
  });
});
