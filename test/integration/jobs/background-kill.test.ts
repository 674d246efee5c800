import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { writeBatchConfig } from '../../fakes/batch-gateway.ts';
import { startGatedEngine } from '../../fakes/gated-engine.ts';
import { startGatewayProcess } from '../../fakes/gateway-process.ts';

it('a response in the background survives kill -9 of its gateway', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'assay-background-'));
  await using engine = await startGatedEngine('judge');
  const path = writeBatchConfig(folder, engine.url, { concurrency: 2, maxItems: 10 });
  const gateways = [await startGatewayProcess(path)];
  try {
    const body = { model: 'assay/default', input: '<<held>> x', background: true, max_output_tokens: 4 };
    const begun = await (await gateways[0]?.post('/v1/responses', body))?.json();
    expect(begun).toMatchObject({ status: 'queued' });
    while (engine.waiting() === 0) await new Promise((resolve) => setImmediate(resolve));
    await gateways[0]?.end('SIGKILL');
    engine.open();
    gateways.push(await startGatewayProcess(path));
    // The reply of the gateway that was just asserted to be a response.
    const { id } = begun as { id: string };
    for (;;) {
      const now: unknown = await (await gateways[1]?.get(`/v1/responses/${id}`))?.json();
      // As above. Four tokens cut the simulator's answer.
      const { status } = now as { status: string };
      if (status === 'queued' || status === 'in_progress') continue;
      expect(now).toMatchObject({ id, status: 'incomplete', output: [{ type: 'message' }] });
      break;
    }
  } finally {
    for (const gateway of gateways) await gateway.end('SIGTERM');
    rmSync(folder, { recursive: true });
  }
}, 60_000);
