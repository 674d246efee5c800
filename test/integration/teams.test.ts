import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { stringify } from 'yaml';
import { z } from 'zod';
import { createProgram } from '../../src/compose.ts';
import type { RunningGateway } from '../../src/contracts/program.ts';
import { cli } from '../fakes/cli-runner.ts';

const issued = z.object({ id: z.string(), key: z.string() });
const audited = z.object({
  data: z.array(z.object({ id: z.number(), act: z.string(), actor: z.string(), subject: z.string() })),
  has_more: z.boolean(),
});

/** A gateway with an embedded ledger and nothing in its file, as its operators close it step by step. */
describe('teams and keys of the ledger', () => {
  const folder = mkdtempSync(join(tmpdir(), 'assay-teams-'));
  const path = join(folder, 'assay.yaml');
  let gateway: RunningGateway;
  let adminKey = '';

  const serve = () =>
    createProgram({}).serve({ source: { type: 'file', path }, host: '127.0.0.1', port: 0, log: false });
  beforeAll(async () => {
    writeFileSync(
      path,
      stringify({
        admin: { port: 0 },
        storage: { kind: 'embedded', directory: 'data' },
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
    gateway = await serve();
  }, 60_000);
  afterAll(async () => {
    await gateway.close();
    rmSync(folder, { recursive: true });
  });

  async function admin(method: string, route: string, body?: unknown, key = adminKey) {
    const answer = await fetch(gateway.adminUrl + route, {
      method,
      headers: {
        ...(key === '' ? {} : { authorization: `Bearer ${key}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: answer.status, body: await answer.json() };
  }
  const models = async (key?: string): Promise<number> => {
    const headers: Record<string, string> = key === undefined ? {} : { authorization: `Bearer ${key}` };
    return (await fetch(`${gateway.url}/v1/models`, { headers })).status;
  };
  const newKey = async (team: string, body: unknown = {}) => {
    const answer = await admin('POST', `/admin/teams/${team}/keys`, body);
    expect(answer.status).toBe(201);
    return issued.parse(answer.body);
  };

  it('is open on loopback until the first key is made', async () => {
    expect(await models()).toBe(200);
    expect((await admin('GET', '/admin/teams')).body).toEqual({ object: 'list', data: [] });
    const made = await admin('POST', '/admin/teams', { name: 'rm', settings: { share: 2 } });
    expect(made).toEqual({
      status: 201,
      body: {
        object: 'team',
        name: 'rm',
        source: 'ledger',
        settings: { limits: {}, share: 2, classes: ['interactive', 'trainer', 'batch'] },
        live_keys: 0,
      },
    });
    expect(await models()).toBe(200);
    const { key } = await newKey('rm');
    expect(await models()).toBe(401);
    expect(await models(key)).toBe(200);
    expect((await admin('GET', '/admin/teams')).status).toBe(200);
  });

  it('asks for an admin key once there is one, and takes no other', async () => {
    await admin('POST', '/admin/teams', { name: 'operators' });
    const { key } = await newKey('operators', { scopes: ['admin'] });
    expect((await admin('GET', '/admin/teams')).status).toBe(401);
    const { key: worker } = issued.parse(
      (await admin('POST', '/admin/teams/rm/keys', { label: 'ci' }, key)).body,
    );
    expect((await admin('GET', '/admin/teams', undefined, worker)).status).toBe(403);
    expect((await admin('GET', '/admin/teams', undefined, key)).status).toBe(200);
    // An admin key is no key for work.
    expect(await models(key)).toBe(403);
    adminKey = key;
  });

  it('lets a key do what its scopes say', async () => {
    const { key } = await newKey('rm', { label: 'dashboard', scopes: ['read'] });
    expect(await models(key)).toBe(200);
    const asked = await fetch(`${gateway.url}/v1/feedback/preferences`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: '{}',
    });
    expect(asked.status).toBe(403);
  });

  it('has two live keys of a label, rotates with an overlap, and revokes at once', async () => {
    await admin('POST', '/admin/teams', { name: 'rotating' });
    const old = await newKey('rotating', { expires_in_seconds: 864_000 });
    const rotated = await admin('POST', `/admin/teams/rotating/keys/${old.id}/rotate`);
    expect(rotated.status).toBe(201);
    const fresh = issued.parse(rotated.body);
    const { expires_at: end } = z.object({ expires_at: z.coerce.date() }).parse(rotated.body);
    expect(end.getTime()).toBeGreaterThan(Date.now() + 860_000_000);
    expect([await models(old.key), await models(fresh.key)]).toEqual([200, 200]);
    const third = await admin('POST', '/admin/teams/rotating/keys', {});
    expect(third).toMatchObject({
      status: 409,
      body: { error: { code: 'conflict', message: expect.stringContaining(`(${fresh.id}, ${old.id})`) } },
    });
    const again = await admin('POST', `/admin/teams/rotating/keys/${fresh.id}/rotate`);
    expect(again.status).toBe(409);
    const revoked = await admin('DELETE', `/admin/teams/rotating/keys/${old.id}`);
    expect(revoked).toMatchObject({ status: 200, body: { id: old.id, revoked_at: expect.any(String) } });
    expect([await models(old.key), await models(fresh.key)]).toEqual([401, 200]);
    const atOnce = issued.parse(
      (await admin('POST', `/admin/teams/rotating/keys/${fresh.id}/rotate`, { overlap_seconds: 0 })).body,
    );
    expect([await models(fresh.key), await models(atOnce.key)]).toEqual([401, 200]);
  });

  it('gives every failure one and the same answer', async () => {
    const answers = await Promise.all(
      ['nothing', 'assay_zz_0123456789012345678901234567', `${adminKey}x`].map(async (key) =>
        (await fetch(`${gateway.url}/v1/models`, { headers: { authorization: `Bearer ${key}` } })).text(),
      ),
    );
    expect(new Set(answers).size).toBe(1);
  });

  it('counts against the limits that a team has now', async () => {
    await admin('POST', '/admin/teams', { name: 'limited', settings: { limits: { requestsPerMinute: 1 } } });
    const { key } = await newKey('limited');
    const ask = async (): Promise<number> => {
      const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
      return (await fetch(`${gateway.url}/v1/embeddings`, { method: 'POST', headers, body: '{}' })).status;
    };
    const statuses = [await ask(), await ask()];
    expect(statuses.at(-1)).toBe(429);
    const set = await admin('PATCH', '/admin/teams/limited', {
      settings: { limits: { requestsPerMinute: 1000 } },
    });
    expect(set).toMatchObject({ status: 200, body: { settings: { limits: { requestsPerMinute: 1000 } } } });
    // A refusal is remembered for a second.
    await vi.waitFor(async () => expect(await ask()).toBe(400), 10_000);
    const freed = await admin('PATCH', '/admin/teams/limited', { settings: { limits: null } });
    expect(freed).toMatchObject({ body: { settings: { limits: {} } } });
  });

  it('tells all that is wrong with a body', async () => {
    const settings = { limits: { usdPerDy: 3 }, share: 0, policies: ['strict'] };
    const answer = await admin('POST', '/admin/teams', { name: 'bad', settings });
    expect(answer.status).toBe(400);
    const { error } = z.object({ error: z.object({ message: z.string() }) }).parse(answer.body);
    expect(error.message).toContain('limits.usdPerDy is not a known key here. Did you mean "usdPerDay"?');
    expect(error.message).toContain('share found 0, expected a number of at least 0.01');
    expect(await admin('POST', '/admin/teams', { name: 'Not A Name' })).toMatchObject({ status: 400 });
    expect(
      await admin('POST', '/admin/teams', { name: 'x', settings: { policies: ['strict'] } }),
    ).toMatchObject({
      status: 400,
      body: { error: { message: 'policies: there is no policy "strict". Known: default' } },
    });
    expect(
      await admin('POST', '/admin/teams/rm/keys', { scopes: ['write'], expires_in_seconds: 0 }),
    ).toMatchObject({
      status: 400,
      body: { error: { details: [{ param: 'scopes[0]' }, { param: 'expires_in_seconds' }] } },
    });
    expect((await admin('POST', '/admin/teams', { name: 'rm' })).status).toBe(409);
    expect((await admin('POST', '/admin/teams/nobody/keys', {})).status).toBe(404);
    expect((await admin('PATCH', '/admin/teams/nobody', { settings: {} })).status).toBe(404);
    expect((await admin('DELETE', '/admin/teams/rm/keys/knobody')).status).toBe(404);
    expect((await admin('PUT', '/admin/teams/rm', {})).status).toBe(405);
  });

  it('ends the keys of a removed team with it', async () => {
    await admin('POST', '/admin/teams', { name: 'leaving' });
    const { key } = await newKey('leaving');
    expect(await models(key)).toBe(200);
    const removed = await admin('DELETE', '/admin/teams/leaving');
    expect(removed.body).toEqual({ object: 'team.removed', name: 'leaving', revoked_keys: 1 });
    expect(await models(key)).toBe(401);
    await admin('POST', '/admin/teams', { name: 'leaving' });
    expect(await models(key)).toBe(401);
  });

  it('has every act in the audit log, with who did it and no secret', async () => {
    await admin('POST', '/admin/reload');
    const page = audited.parse((await admin('GET', '/admin/audit?limit=3')).body);
    expect(page.data.map(({ act }) => act)).toEqual(['config.reload', 'team.add', 'team.remove']);
    expect(page.has_more).toBe(true);
    const all = await admin('GET', '/admin/audit?limit=1000');
    const { data, has_more: more } = audited.parse(all.body);
    expect(more).toBe(false);
    expect(data.at(-1)).toMatchObject({ act: 'team.add', subject: 'team:rm', actor: 'anonymous' });
    expect(data[0]?.actor).toMatch(/^key:k/);
    expect(data.map(({ act }) => act)).toContain('key.rotate');
    expect(JSON.stringify(all.body)).not.toContain(adminKey);
    expect(JSON.stringify(all.body)).not.toMatch(/assay_k|sha256/);
    const older = audited.parse((await admin('GET', `/admin/audit?before=${page.data[2]?.id}`)).body);
    expect(older.data[0]?.id).toBe((page.data[2]?.id ?? 0) - 1);
    expect((await admin('GET', '/admin/audit?limit=0&befor=3')).status).toBe(400);
  });

  it('is the same to the command line', async () => {
    const world = { env: { ASSAY_ADMIN_KEY: adminKey } };
    const at = ['--url', gateway.adminUrl ?? ''];
    const run = (...argv: string[]) => cli([...argv, ...at], world);
    expect(await run('teams', 'add', 'cli', '--limit', 'usdPerDay=40', '--share', '2')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/cli +ledger +0 +2 +all +usdPerDay 40/),
    });
    const set = await run('teams', 'set', 'cli', '--limit', 'tokensPerMinute=9', '--policies', 'default');
    expect(set.stdout).toMatch(/cli +ledger +0 +2 +default +usdPerDay 40, tokensPerMinute 9/);
    expect((await run('teams', 'set', 'cli', '--limit', 'usdPerDay=none')).stdout).not.toContain('usdPerDay');
    const made = await run('keys', 'new', '--team', 'cli', '--expires-in', '90d');
    const [secret = ''] = made.stdout.split('\n');
    expect(await models(secret)).toBe(200);
    const [, id = ''] = /^assay_([a-z0-9]+)_/.exec(secret) ?? [];
    const rotated = await run('keys', 'rotate', id, '--team', 'cli', '--overlap', '1h', '--json');
    expect(await models(issued.parse(JSON.parse(rotated.stdout)).key)).toBe(200);
    expect((await run('keys', 'revoke', id, '--team', 'cli')).stdout).toBe(`revoked  ${id} of cli\n`);
    expect((await run('keys', 'list', '--team', 'cli')).stdout).toMatch(new RegExp(`${id} .* revoked`));
    expect((await run('audit', '--limit', '1')).stdout).toMatch(/key\.revoke +key:cli\//);
    expect(await run('teams', 'add', 'cli')).toMatchObject({
      code: 2,
      stderr: 'error: there is a team "cli" already\n',
    });
    expect((await run('teams', 'add', 'x', '--limit', 'usd')).stderr).toContain('write one as usdPerDay=40');
    expect(await run('teams', 'remove', 'cli')).toMatchObject({
      stdout: 'removed  cli, 1 live keys with it\n',
    });
  });

  it('stays closed over a restart, and the ledger itself lets an operator in who lost the admin key', async () => {
    await gateway.close();
    const program = createProgram({});
    const made = await cli(['keys', 'new', '--team', 'operators', '--scopes', 'admin', '--config', path], {
      program,
    });
    const list = await cli(['teams', 'list', '--config', path], { program });
    gateway = await serve();
    expect(list.stdout).toMatch(/operators +ledger +2/);
    expect(await models()).toBe(401);
    const [key = ''] = made.stdout.split('\n');
    expect((await admin('GET', '/admin/teams', undefined, key)).status).toBe(200);
    const { data } = audited.parse((await admin('GET', '/admin/audit?limit=1', undefined, key)).body);
    expect(data[0]?.actor).toMatch(/^cli:/);
  }, 30_000);
});
