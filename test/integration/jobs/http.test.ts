import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JobService } from '../../../src/contracts/jobs.ts';
import { createJobService } from '../../../src/jobs/service.ts';
import { createJobWorker, type JobWorker } from '../../../src/jobs/worker.ts';
import { createJobStore } from '../../../src/ledger/jobs/job-store.ts';
import { createCallStarter } from '../../../src/resilience/deadline.ts';
import { createSystemClock, createSystemRandom } from '../../../src/telemetry/system-clock.ts';
import { cli, readJsonLines, temporaryFolder } from '../../fakes/cli-runner.ts';
import { quietLogger, startTestStore, type TestStore } from '../../fakes/embedded-store.ts';
import { scriptedFeedback, type ScriptedFeedback } from '../../fakes/scripted-feedback.ts';
import { startTestGateway, type TestGateway } from '../../fakes/gateway.ts';
import { noRelay } from '../../fakes/no-relay.ts';

const SETTINGS = {
  concurrency: 8,
  maxItems: 1000,
  maxDeadlineSeconds: 3600,
  itemTimeoutMs: 10_000,
  retentionDays: 30,
  drainMs: 5_000,
};

const JOBS = '/v1/feedback/jobs';

/** What these tests look at in an answer. */
interface Body {
  readonly id: string;
  readonly created_at: number;
  readonly expires_at: number;
  readonly data: readonly { readonly id: string }[];
  readonly has_more: boolean;
  readonly report: { readonly problems: readonly { line: number; error: { message: string } }[] };
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly details: readonly { param: string }[];
  };
}

async function jsonOf(reply: Response): Promise<Body> {
  // The expectations of each test say whether it is one.
  return (await reply.json()) as Body;
}

function line(id: string, over: Record<string, unknown> = {}): string {
  return JSON.stringify({ id, prompt: 'p', candidates: ['x', 'y'], ...over });
}

describe('jobs over HTTP', () => {
  let opened: TestStore;
  let gateway: TestGateway;
  let worker: JobWorker;
  let feedback: ScriptedFeedback;
  let jobs: JobService;
  beforeAll(async () => {
    opened = await startTestStore();
    const clock = createSystemClock();
    const parts = {
      clock,
      random: createSystemRandom(),
      calls: createCallStarter(clock),
      logger: quietLogger(),
    };
    const common = { ...parts, store: createJobStore(opened.store), settings: SETTINGS, relay: noRelay };
    feedback = scriptedFeedback((id) => (id === 'sour' ? 'unparseable' : undefined));
    worker = createJobWorker({ ...common, feedback: () => feedback, isAlone: true });
    const endpoints = { has: (_team: string, name: string) => name === 'hook' };
    jobs = createJobService({ ...common, endpoints, worker });
    await worker.start();
    gateway = await startTestGateway([], { jobs, random: parts.random, feedback });
  }, 60_000);
  afterAll(async () => {
    await gateway?.[Symbol.asyncDispose]();
    await worker?.stop();
    await opened?.[Symbol.asyncDispose]();
  });

  const post = (path: string, body: string, headers: Record<string, string> = {}) =>
    gateway.post(path, body, { 'content-type': 'application/jsonl', ...headers });
  const get = (path: string, headers: Record<string, string> = {}) =>
    fetch(gateway.url + path, { headers: { authorization: 'Bearer key-all', ...headers } });
  const idOf = async (reply: Response): Promise<string> => {
    expect(reply.status).toBe(202);
    const job = await jsonOf(reply);
    expect(reply.headers.get('location')).toBe(`${JOBS}/${job.id}`);
    return job.id;
  };
  const rowsOf = async (path: string) =>
    (await (await get(path)).text())
      .trimEnd()
      .split('\n')
      .map((row) => JSON.parse(row));
  /** Waits for the end by reading on. */
  const ended = (id: string) => rowsOf(`${JOBS}/${id}/results?follow=true`);

  it('takes lines in, reports the bad ones, and gives one result for each', async () => {
    const long = 'x'.repeat(256 * 1024);
    const body = [
      line('first'),
      '',
      '{"id": "broken", ',
      line('first'),
      line('', {}).replace('"id":"",', ''),
      line('extra', { colour: 'red' }),
      line('long', { prompt: long }),
      line('sour', { metadata: { row: 7 } }),
    ].join('\n');
    const reply = await post(`${JOBS}?priority=high&deadline_seconds=60`, body);
    const job = await jsonOf(reply);
    expect(job).toMatchObject({
      object: 'feedback.job',
      state: 'queued',
      priority: 'high',
      policy: 'default',
      items: 7,
      invalid_items: 4,
      cost_usd: 0,
      report: { items: 7, invalid_items: 4 },
    });
    expect(job.expires_at - job.created_at).toBe(60);
    expect(job.report.problems.map((each) => [each.line, each.error.message])).toEqual([
      [3, 'lines[3] is not JSON: it ends too early'],
      [4, 'lines[4].id repeats the id of line 1'],
      [6, expect.stringContaining('lines[6].colour is not a known field')],
      [7, 'lines[7] must have at most 262144 bytes'],
    ]);
    const rows = await ended(job.id);
    expect(rows.map((row) => [row.index, row.item_id, row.outcome, row.label])).toEqual([
      [0, 'first', 'ok', 'a'],
      [1, 'line-3', 'invalid_item', null],
      [2, 'first', 'invalid_item', null],
      [3, 'line-5', 'ok', 'a'],
      [4, 'extra', 'invalid_item', null],
      [5, 'line-7', 'invalid_item', null],
      [6, 'sour', 'engine_failed', null],
    ]);
    const after = await jsonOf(await get(`${JOBS}/${job.id}`));
    expect(after).toMatchObject({
      state: 'completed',
      finished: 7,
      outcomes: { ok: 2, invalid_item: 4, engine_failed: 1 },
      cost_usd: 0.000003,
      expected_end_at: null,
    });
    expect(feedback.calls.at(-1)).toMatchObject({ class: 'batch', team: 'all' });
  });

  it('splits lines wherever the body is cut into pieces', async () => {
    const text = `\uFEFF${line('ä-1')}\r\n${line('b', { prompt: '木'.repeat(50) })}\n`;
    const bytes = new TextEncoder().encode(text);
    const pieces = new ReadableStream({
      async start(controller) {
        for (let at = 0; at < bytes.length; at += 7) controller.enqueue(bytes.slice(at, at + 7));
        controller.close();
      },
    });
    const reply = await fetch(gateway.url + JOBS, {
      method: 'POST',
      body: pieces,
      duplex: 'half',
      headers: { authorization: 'Bearer key-all', 'content-type': 'application/x-ndjson' },
    });
    const rows = await ended(await idOf(reply));
    expect(rows.map((row) => row.item_id)).toEqual(['ä-1', 'b']);
  });

  it('takes a JSON body with its settings, and refuses what it does not know', async () => {
    const items = [{ id: 'one', prompt: 'p', candidates: ['x', 'y'] }];
    const reply = await gateway.post(JOBS, { policy: 'default', budget_usd: 1.5, webhook: 'hook', items });
    expect(await jsonOf(reply)).toMatchObject({ items: 1, budget_usd: 1.5, webhook: 'hook' });
    const wrong = await gateway.post(JOBS, {
      priority: 'urgent',
      budget_usd: -1,
      webhook: 'hook',
      items,
      color: 1,
    });
    expect(wrong.status).toBe(400);
    expect((await jsonOf(wrong)).error.details.map((each) => each.param).toSorted()).toEqual([
      'budget_usd',
      'color',
      'priority',
    ]);
    const hook = await gateway.post(JOBS, { webhook: 'other', items });
    expect((await jsonOf(hook)).error).toMatchObject({ code: 'invalid_request', param: 'webhook' });
    const query = await post(`${JOBS}?budget_usd=much&strictly=1`, line('x'));
    expect(query.status).toBe(400);
  });

  it('refuses a strict body whole, an empty one, another media type', async () => {
    const strict = await post(`${JOBS}?strict=true`, `${line('a')}\n{}\n[`);
    expect(strict.status).toBe(400);
    const { error } = await jsonOf(strict);
    expect(error.details.map((each) => each.param)).toEqual(['lines[2].prompt', 'lines[3]']);
    expect((await jsonOf(await post(JOBS, '\n\n'))).error.message).toBe('the body has no items');
    expect((await post(JOBS, line('a'), { 'content-type': 'text/csv' })).status).toBe(415);
    const many = await post(JOBS, Array.from({ length: 1001 }, (_, n) => line(`r${n}`)).join('\n'));
    expect((await jsonOf(many)).error.code).toBe('request_too_large');
  });

  it('knows a submission again by its key', async () => {
    const key = { 'idempotency-key': 'epoch-3' };
    const first = await idOf(await post(JOBS, line('a'), key));
    const again = await post(JOBS, line('a'), key);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(await idOf(again)).toBe(first);
    const other = await post(JOBS, line('b'), key);
    expect([other.status, (await jsonOf(other)).error.code]).toEqual([422, 'idempotency_mismatch']);
    const otherSettings = await post(`${JOBS}?priority=low`, line('a'), key);
    expect(otherSettings.status).toBe(422);
  });

  it('keeps teams apart, and lists what is theirs in pages', async () => {
    const id = await idOf(await post(JOBS, line('mine')));
    const foreign = { authorization: 'Bearer key-default' };
    for (const path of ['', '/results', '/events']) {
      expect((await get(`${JOBS}/${id}${path}`, foreign)).status).toBe(404);
    }
    for (const command of ['cancel', 'pause', 'resume', 'retry-failed']) {
      expect((await post(`${JOBS}/${id}/${command}`, '', foreign)).status).toBe(404);
    }
    expect(await jsonOf(await get(JOBS, foreign))).toEqual({ object: 'list', data: [], has_more: false });
    const page = await jsonOf(await get(`${JOBS}?limit=1`));
    expect([page.data[0]?.id, page.has_more]).toEqual([id, true]);
    const rest = await jsonOf(await get(`${JOBS}?limit=100&after=${id}`));
    expect(rest.data.map((job) => job.id)).not.toContain(id);
    expect((await get(`${JOBS}/${id}`, { authorization: 'Bearer nobody' })).status).toBe(401);
  });

  it('answers a synchronous call as a job when the client prefers that', async () => {
    const body = { items: [{ id: 'one', prompt: 'p', candidates: ['x', 'y'] }] };
    const reply = await gateway.post('/v1/feedback/preferences', body, { prefer: 'respond-async, wait=5' });
    expect(reply.headers.get('preference-applied')).toBe('respond-async');
    expect((await ended(await idOf(reply))).map((row) => row.item_id)).toEqual(['one']);
  });

  it('takes no candidates that wait for others: a job judges its items in parts', async () => {
    const member = { id: 'm', prompt: 'p', candidates: ['x'], cohort: { id: 'g', size: 2 } };
    const reply = await gateway.post(
      '/v1/feedback/rankings',
      { items: [member] },
      { prefer: 'respond-async' },
    );
    expect(reply.status).toBe(400);
    expect(await reply.json()).toMatchObject({
      error: { code: 'invalid_request', param: 'items[0].cohort' },
    });
  });

  it('tells of its progress by events, and of what was seen no more', async () => {
    feedback.hold();
    const id = await idOf(await post(JOBS, Array.from({ length: 20 }, (_, n) => line(`e${n}`)).join('\n')));
    const events = await get(`${JOBS}/${id}/events`);
    expect(events.headers.get('content-type')).toContain('text/event-stream');
    feedback.letGo();
    const text = await events.text();
    const all = text.split('\n\n').filter((each) => each.startsWith('event:'));
    expect(all[0]).toMatch(/^event: progress\nid: (queued|running)-0\ndata: \{"id":"job_/);
    expect(all.at(-1)).toMatch(/^event: completed\nid: completed-20\n/);
    expect(JSON.parse(all.at(-1)!.split('data: ')[1]!)).toMatchObject({ state: 'completed', finished: 20 });
    const seen = await (await get(`${JOBS}/${id}/events`, { 'last-event-id': 'completed-20' })).text();
    expect(seen.match(/event: \w+/g)).toEqual(['event: completed']);
  });

  it('gives results while it runs, each once, and stops at the first that is missing', async () => {
    feedback.hold();
    const id = await idOf(await post(JOBS, Array.from({ length: 300 }, (_, n) => line(`s${n}`)).join('\n')));
    expect(await (await get(`${JOBS}/${id}/results`)).text()).toBe('');
    const following = ended(id);
    feedback.letGo();
    expect((await following).map((row) => row.index)).toEqual(Array.from({ length: 300 }, (_, n) => n));
    const finished = await rowsOf(`${JOBS}/${id}/results?order=finished&after=290`);
    expect(finished.map((row) => row.sequence)).toEqual([291, 292, 293, 294, 295, 296, 297, 298, 299, 300]);
    expect((await get(`${JOBS}/${id}/results?after=x`)).status).toBe(400);
  });

  it('obeys commands, and says when they do not fit', async () => {
    feedback.hold();
    const id = await idOf(await post(JOBS, `${line('c1')}\n${line('sour')}`));
    expect(await jsonOf(await post(`${JOBS}/${id}/pause`, ''))).toMatchObject({ state: 'paused' });
    expect(await jsonOf(await post(`${JOBS}/${id}/resume`, ''))).toMatchObject({ state: 'queued' });
    feedback.letGo();
    await ended(id);
    const late = await post(`${JOBS}/${id}/pause`, '');
    expect([late.status, (await jsonOf(late)).error.message]).toEqual([
      409,
      'a job that is completed cannot be told to pause',
    ]);
    const retry = await gateway.post(`${JOBS}/${id}/retry-failed`, { budget_usd: 2 });
    expect(await jsonOf(retry)).toMatchObject({ state: 'queued', finished: 1, budget_usd: 2 });
    await ended(id);
    const cancel = await get(`${JOBS}/${id}/cancel`);
    expect([cancel.status, cancel.headers.get('allow')]).toEqual([405, 'POST']);
  });

  it('lets go of those who follow when the gateway closes; the job goes on', async () => {
    feedback.hold();
    const id = await idOf(await post(JOBS, line('held')));
    const closing = await startTestGateway([], { jobs, drainMs: 60_000 });
    const headers = { authorization: 'Bearer key-all' };
    const events = await fetch(`${closing.url}${JOBS}/${id}/events`, { headers });
    const results = await fetch(`${closing.url}${JOBS}/${id}/results?follow=true`, { headers });
    const broken = results.text().catch((error: unknown) => String(error));
    await closing[Symbol.asyncDispose]();
    expect(await events.text()).toMatch(/^event: progress\n/);
    expect(await broken).toContain('terminated');
    feedback.letGo();
    expect((await ended(id)).map((row) => row.outcome)).toEqual(['ok']);
  });

  it('says clearly that there is no database', async () => {
    await using bare = await startTestGateway([], {});
    const reply = await bare.post(JOBS, { items: [] });
    expect([reply.status, (await jsonOf(reply)).error.code]).toEqual([501, 'storage_missing']);
  });

  describe('from the command line', () => {
    const path = temporaryFolder();
    const env = () => ({ ASSAY_URL: gateway.url, ASSAY_API_KEY: 'key-all' });
    const assay = (...args: string[]) => cli(args, { env: env() });

    it('hands a file over, follows the job, and fetches its results', async () => {
      const rows = [...Array.from({ length: 30 }, (_, n) => line(`d${n}`)), '{"prompt":1}', line('sour')];
      writeFileSync(path('in.jsonl'), rows.join('\n'));
      const detached = await assay('label', path('in.jsonl'), '--detach');
      expect(detached.code).toBe(0);
      const id = detached.stdout.trim();
      expect(id).toMatch(/^job_/);
      expect(detached.stderr).toContain('1 rows were left out:\n  line 31: ');
      const watched = await assay('jobs', 'watch', id);
      expect(watched.code).toBe(1);
      expect(watched.stderr).toContain('31/31 · completed');
      expect(watched.stdout).toMatch(/outcomes +ok 30, engine_failed 1/);
      const fetched = await assay('jobs', 'results', id, '-o', path('out.jsonl'));
      expect(fetched).toMatchObject({ code: 0, stdout: `  31 results in ${path('out.jsonl')}\n` });
      const whole = readFileSync(path('out.jsonl'), 'utf8');
      expect(readJsonLines(path('out.jsonl')).map((row) => row['item_id'])).toEqual([
        ...Array.from({ length: 30 }, (_, n) => `d${n}`),
        'sour',
      ]);
      // As after a crash in the middle of a row.
      writeFileSync(path('out.jsonl'), whole.slice(0, whole.length / 2));
      expect((await assay('jobs', 'results', id, '-o', path('out.jsonl'))).code).toBe(0);
      expect(readFileSync(path('out.jsonl'), 'utf8')).toBe(whole);
      const listed = await assay('jobs');
      expect(listed.stdout).toContain(id);
      const shown = await assay('jobs', 'show', id, '--json');
      expect(JSON.parse(shown.stdout)).toMatchObject({ id, state: 'completed' });
      expect((await assay('jobs', 'retry-failed', id)).stdout).toMatch(/state +(queued|running)/);
      expect((await assay('jobs', 'watch', id)).code).toBe(1);
    });

    it('says what is wrong', async () => {
      expect(await assay('jobs', 'show', 'job_none')).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('there is no job with this id'),
      });
      expect((await assay('jobs', 'explode', 'x')).stderr).toContain('is no action; there are list, show');
      expect((await assay('jobs', 'results', 'x')).stderr).toContain('results needs -o');
      expect((await assay('label', path('in.jsonl'))).stderr).toContain('--output: is needed');
      expect((await assay('label', path('in.jsonl'), '--detach', '--simulated')).stderr).toContain(
        '--simulated',
      );
      const nobody = await cli(['jobs'], { env: { ASSAY_URL: 'http://127.0.0.1:1' } });
      expect(nobody).toMatchObject({ code: 3, stderr: expect.stringContaining('no gateway answers') });
    });
  });
});
