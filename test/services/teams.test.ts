import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { stringify } from 'yaml';
import { z } from 'zod';
import { createProgram } from '../../src/compose.ts';
import type { RunningGateway } from '../../src/contracts/program.ts';
import { type PostgresServer, startPostgres } from './postgres.ts';

const issued = z.object({ id: z.string(), key: z.string() });
/** What is promised of a revocation. */
const FIVE_SECONDS = { timeout: 5_000, interval: 500 };
/** An address that failed too often in a minute is told so instead. */
const REFUSED = [401, 429];

/** Two gateways of one PostgreSQL, which share teams, keys and the audit log. */
describe('teams of two gateways', () => {
  const folder = mkdtempSync(join(tmpdir(), 'assay-two-'));
  let server: PostgresServer;
  let gateways: RunningGateway[] = [];

  beforeAll(async () => {
    server = await startPostgres();
    const path = join(folder, 'assay.yaml');
    writeFileSync(
      path,
      stringify({
        admin: { port: 0 },
        storage: { kind: 'postgres', url: '${env:DATABASE}' },
        engines: {
          one: {
            kind: 'openai',
            replicas: ['http://127.0.0.1:9'],
            model: 'judge',
            cost: { inputPerMtokUsd: 1, outputPerMtokUsd: 1 },
          },
        },
        judges: { quick: { engine: 'one' } },
        policies: { default: { tiers: ['quick'] } },
      }),
    );
    const serve = () =>
      createProgram({ DATABASE: server.url }).serve({
        source: { type: 'file', path },
        host: '127.0.0.1',
        port: 0,
        log: false,
      });
    gateways = [await serve(), await serve()];
  });
  afterAll(async () => {
    await Promise.all(gateways.map((gateway) => gateway.close()));
    await server[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  async function admin(which: 0 | 1, method: string, route: string, body: unknown = {}): Promise<unknown> {
    const answer = await fetch(`${gateways[which]?.adminUrl}/admin/teams${route}`, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(method === 'GET' ? {} : { body: JSON.stringify(body) }),
    });
    return answer.json();
  }
  const models = async (which: 0 | 1, key: string): Promise<number> => {
    const headers = { authorization: `Bearer ${key}` };
    return (await fetch(`${gateways[which]?.url}/v1/models`, { headers })).status;
  };

  it('know a new key, and forget a revoked one, within five seconds', async () => {
    await admin(0, 'POST', '', { name: 'rm' });
    const { id, key } = issued.parse(await admin(0, 'POST', '/rm/keys'));
    expect(await models(0, key)).toBe(200);
    await vi.waitFor(async () => expect(await models(1, key)).toBe(200), FIVE_SECONDS);
    await admin(0, 'DELETE', `/rm/keys/${id}`);
    expect(REFUSED).toContain(await models(0, key));
    await vi.waitFor(async () => expect(REFUSED).toContain(await models(1, key)), FIVE_SECONDS);
  });

  it('never make more than two live keys of a label, however they race', async () => {
    await admin(0, 'POST', '', { name: 'racing' });
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, n) => admin(n % 2 === 0 ? 0 : 1, 'POST', '/racing/keys')),
    );
    expect(answers.filter((answer) => issued.safeParse(answer).success)).toHaveLength(2);
    expect(answers.filter((answer) => JSON.stringify(answer).includes('"conflict"'))).toHaveLength(10);
  });

  it('keep what both change of one team in the same moment', async () => {
    await admin(0, 'POST', '', { name: 'shared' });
    await Promise.all([
      admin(0, 'PATCH', '/shared', { settings: { share: 7 } }),
      admin(1, 'PATCH', '/shared', { settings: { limits: { usdPerDay: 3 } } }),
    ]);
    await vi.waitFor(async () => {
      const seen = [await admin(0, 'GET', '/shared'), await admin(1, 'GET', '/shared')];
      const both = { settings: { share: 7, limits: { usdPerDay: 3 } } };
      expect(seen).toMatchObject([both, both]);
    }, FIVE_SECONDS);
  });

  it('go on with the keys that they know while the database is away, and let in no other', async () => {
    await admin(0, 'POST', '', { name: 'steady' });
    const { key } = issued.parse(await admin(0, 'POST', '/steady/keys'));
    await vi.waitFor(async () => expect(await models(1, key)).toBe(200), FIVE_SECONDS);
    await server.stopHard();
    const unknown = `assay_kzz_${'0'.repeat(52)}`;
    expect([await models(0, key), await models(1, key)]).toEqual([200, 200]);
    expect(REFUSED).toContain(await models(0, unknown));
    expect(REFUSED).toContain(await models(1, unknown));
    expect(await admin(0, 'POST', '/steady/keys')).toMatchObject({ error: { code: 'storage_unavailable' } });
    await server.start();
    await vi.waitFor(async () => {
      expect(issued.safeParse(await admin(0, 'POST', '/steady/keys')).success).toBe(true);
    }, 30_000);
  });
});
