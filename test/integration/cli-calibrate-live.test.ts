import { readFileSync, writeFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { createProgram } from '../../src/compose.ts';
import type { RunningGateway } from '../../src/contracts/program.ts';
import { cli, jsonLines, readJsonLines } from '../fakes/cli-runner.ts';
import { REPLAYED_ROWS, replayedJudges } from '../fakes/replayed-judges.ts';

const program = createProgram({});

interface Served {
  readonly data: readonly { readonly label: string; readonly certificate: string | null }[];
}

/** From the traffic of one running gateway to a certificate with which another one starts. */
describe('assay calibrate --gateway', () => {
  const { at, configuration } = replayedJudges();
  const running: RunningGateway[] = [];
  afterEach(() => Promise.all(running.splice(0).map((gateway) => gateway.close())));

  async function serve(policy: Record<string, unknown>): Promise<RunningGateway> {
    const path = at('live.yaml');
    const whole = { tiers: ['quick', 'strict'], target: { agreement: 0.95 }, ...policy };
    const body = {
      ...configuration(),
      admin: { port: 0 },
      storage: { kind: 'none' },
      policies: { default: whole, plain: { tiers: ['strict'] } },
    };
    writeFileSync(path, stringify(body));
    const source = { type: 'file', path } as const;
    const gateway = await program.serve({ source, host: '127.0.0.1', port: 0, log: false });
    running.push(gateway);
    await gateway.ready(20_000);
    return gateway;
  }

  async function label(
    { url }: RunningGateway,
    rows: readonly (typeof REPLAYED_ROWS)[number][],
  ): Promise<Served> {
    const items = rows.map(({ id, prompt, responses }) => ({ id, prompt, candidates: responses }));
    const response = await fetch(`${url}/v1/feedback/preferences`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ items }),
    });
    return (await response.json()) as Served;
  }

  async function observe(gateway: RunningGateway, count: number): Promise<void> {
    await label(gateway, REPLAYED_ROWS.slice(0, count));
    const url = `${gateway.url}/v1/feedback/policies/default`;
    for (;;) {
      const { strata } = (await (await fetch(url)).json()) as { strata: { observations: number }[] };
      if (strata.reduce((sum, { observations }) => sum + observations, 0) === count) return;
    }
  }

  const calibrate = (from: readonly string[], ...more: string[]) =>
    cli(['calibrate', ...from, '-o', at('live.json'), '--resamples', '100', ...more], { program });

  it('certifies from what was observed, and a fresh gateway serves by it', async () => {
    const first = await serve({ audit: { share: 1 } });
    await observe(first, 200);
    const { code, stdout, stderr } = await calibrate(
      ['--gateway', first.adminUrl ?? ''],
      '--report',
      at('live.html'),
      '--cost-ratio',
      '0.05',
      '--json',
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    // The same as from the recorded file: five errors of 200 are the most that prove 95 %.
    const figures = JSON.parse(stdout) as { certificate: string; coverage: number };
    expect(figures).toMatchObject({
      certified_on: 200,
      errors: 5,
      agreement: 0.95,
      relative_cost: expect.any(Number),
    });
    expect(readFileSync(at('live.html'), 'utf8').match(/<svg /g)).toHaveLength(4);

    const fresh = await serve({ certificates: [at('live.json')] });
    const { data } = await label(fresh, REPLAYED_ROWS);
    const byCertificate = data.flatMap((verdict, i) =>
      verdict.certificate === figures.certificate ? [{ ...verdict, row: REPLAYED_ROWS[i] }] : [],
    );
    expect(byCertificate).toHaveLength(Math.round(200 * figures.coverage));
    const wrong = byCertificate.filter(
      ({ label, row }) => label !== ((row?.judges.large.p_first ?? 0) > 0.5 ? 'a' : 'b'),
    );
    expect(wrong).toHaveLength(5);
  }, 30_000);

  it('tells the rows page by page, without texts, and what is wrong with a query', async () => {
    const gateway = await serve({ audit: { share: 1 } });
    await observe(gateway, 30);
    const ask = (query: string, policy = 'default') =>
      fetch(`${gateway.adminUrl}/admin/policies/${policy}/observations?${query}`);
    const ids: string[] = [];
    let after: string | null = '';
    for (let pages = 0; after !== null && pages < 10; pages += 1) {
      const page: Response = await ask(`limit=12${after === '' ? '' : `&after=${after}`}`);
      expect(page.headers.get('content-type')).toBe('application/x-ndjson; charset=utf-8');
      const text = await page.text();
      expect(text).not.toContain('prompt number');
      ids.push(
        ...text.split('\n').flatMap((row) => (row === '' ? [] : [(JSON.parse(row) as { id: string }).id])),
      );
      after = page.headers.get('x-assay-next');
    }
    expect(ids).toHaveLength(30);
    expect(new Set(ids).size).toBe(30);
    expect(await (await ask('team=nobody')).text()).toBe('');
    const bad = await ask('limit=0&after=x');
    expect(bad.status).toBe(400);
    expect(((await bad.json()) as { error: { message: string } }).error.message).toContain('after');
    const place = Buffer.from(JSON.stringify({ team: 'x', stratum: 'all', generation: 0, number: 1 }));
    expect((await ask(`after=${place.toString('base64url')}`)).status).toBe(400);
    // A policy without a target learns nothing.
    expect((await ask('', 'plain')).status).toBe(404);

    const few = await calibrate(['--gateway', gateway.adminUrl ?? '']);
    expect(few.code).toBe(1);
    expect(few.stderr).toContain(
      '30 items leave 30 to certify with; without a single error 50 are the fewest',
    );
    const none = await calibrate(['--gateway', gateway.adminUrl ?? '', '--team', 'red']);
    expect(none).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('no observations of policy default for team red; 45'),
    });
  }, 30_000);

  it('certifies each stratum of the policy, and only those that are asked for', async () => {
    const gateway = await serve({ audit: { share: 1 }, strata: ['length', 'code'] });
    await observe(gateway, 200);
    const saved = await (await fetch(`${gateway.adminUrl}/admin/policies/default/observations`)).text();
    const rows = saved
      .trimEnd()
      .split('\n')
      .map((row) => JSON.parse(row) as Record<string, unknown>);
    // The second half as if it were of another kind.
    const two = rows.map((row, i) => ({
      ...row,
      stratum: i % 4 < 2 ? 'code:no length:short' : 'code:yes length:short',
    }));
    writeFileSync(at('two.jsonl'), jsonLines(two));
    const only = await calibrate([at('two.jsonl')], '--stratum', 'code:yes length:short', '--json');
    expect(JSON.parse(only.stdout)).toMatchObject({ certified_on: 100 });
    // The other stratum keeps its half of the failure probability; shorter chains may use a fifth of this one's.
    expect(JSON.parse(readFileSync(at('live.json'), 'utf8'))).toMatchObject({
      delta: expect.closeTo(0.04, 9),
      scope: { stratum: 'code:yes length:short' },
    });
    const other = await calibrate([at('two.jsonl')], '--stratum', 'maths:yes');
    expect(other).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('there are of code:no length:short'),
    });
  }, 30_000);

  it('certifies for one team, and no other team borrows it', async () => {
    const first = await serve({ audit: { share: 1 } });
    await observe(first, 200);
    const saved = await (await fetch(`${first.adminUrl}/admin/policies/default/observations`)).text();
    writeFileSync(at('red.jsonl'), saved.replaceAll('"team":"default"', '"team":"red"'));
    const nobody = await calibrate([at('red.jsonl')]);
    expect(nobody.code).toBe(1);
    expect(nobody.stderr).toContain('200 rows are of other teams or policies');
    const { code, stdout } = await calibrate([at('red.jsonl')], '--team', 'red', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ certified_on: 200, errors: 5 });

    // Callers without a key are the team "default": for them nothing is proven.
    const fresh = await serve({ certificates: [at('live.json')] });
    const { data } = await label(fresh, REPLAYED_ROWS.slice(0, 40));
    expect(data.filter(({ certificate }) => certificate !== null)).toEqual([]);
  }, 30_000);

  it('refuses rows of several sets of judges, rows that come twice, and bad rows, each by name', async () => {
    const gateway = await serve({ audit: { share: 1 } });
    await observe(gateway, 60);
    const url = gateway.adminUrl ?? '';
    const saved = await (await fetch(`${url}/admin/policies/default/observations`)).text();
    writeFileSync(at('saved.jsonl'), saved);
    const [first, ...rest] = readJsonLines(at('saved.jsonl'));

    const twice = await calibrate(['--gateway', `${url},${url}`]);
    expect(twice).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('60 items occur more than once: vrd_'),
    });

    writeFileSync(at('mixed.jsonl'), jsonLines([rebuilt(first), ...rest]));
    const mixed = await calibrate([at('mixed.jsonl')]);
    expect(mixed.code).toBe(1);
    expect(mixed.stderr).toContain('the rows are by 2 sets of judges');
    expect(mixed.stderr).toMatch(/1 by jdg_0{16} jdg_0{16} jdg_\w+, which differ: quick in fingerprint/);

    writeFileSync(
      at('bad.jsonl'),
      jsonLines([first, { ...rest[0], version: 9 }, { ...rest[1], probability: 2 }]),
    );
    const bad = await calibrate([at('bad.jsonl')]);
    expect(bad.code).toBe(2);
    expect(bad.stderr).toContain('bad.jsonl:2: version: must be 1');
    expect(bad.stderr).toContain('bad.jsonl:3: probability');

    const both = await calibrate([at('saved.jsonl')], '--gateway', url);
    expect(both).toMatchObject({ code: 2, stderr: expect.stringContaining('not both') });
    const foreign = await calibrate(['--gateway', url], '--small', 'quick');
    expect(foreign).toMatchObject({ code: 2, stderr: expect.stringContaining('--small') });
  }, 30_000);
});

/** The row as if its small judge had been another build. */
function rebuilt(row: Record<string, unknown> | undefined): unknown {
  const stages = (row?.['stages'] ?? []) as { judge: Record<string, unknown> }[];
  return {
    ...row,
    stages: stages.map((stage) => ({
      ...stage,
      judge: { ...stage.judge, id: 'jdg_0000000000000000', fingerprint: 'another' },
    })),
  };
}
