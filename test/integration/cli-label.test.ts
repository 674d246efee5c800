import { type ChildProcess, spawn } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { cli, jsonLines, readJsonLines, startCli, temporaryFolder } from '../fakes/cli-runner.ts';
import {
  betterOf,
  envelope,
  type FakeGateway,
  type FakeGatewayOptions,
  startFakeGateway,
} from '../fakes/fake-gateway.ts';

function unexpected(): never {
  throw new Error('no test reloads this gateway');
}

const open: FakeGateway[] = [];

async function fakeGateway(options: FakeGatewayOptions = {}): Promise<FakeGateway> {
  const gateway = await startFakeGateway(options);
  open.push(gateway);
  return gateway;
}

afterEach(async () => {
  for (const gateway of open.splice(0)) await gateway.close();
});

const pair = (n: number): object => ({
  id: `row-${n}`,
  prompt: `Question ${n}?`,
  candidates: [`first answer ${n}`, `second answer ${n * n}`],
});
const pairs = (count: number): string => jsonLines(Array.from({ length: count }, (_, n) => pair(n + 1)));

const label = (input: string, output: string, gateway: { url: string }, ...more: string[]): string[] => [
  'label',
  input,
  '-o',
  output,
  '--url',
  gateway.url,
  ...more,
];

describe('assay label', () => {
  it('gives one row per pair in the order of the input, each with its place and verdict', async () => {
    const gateway = await fakeGateway();
    const at = temporaryFolder({ 'in.jsonl': pairs(50) });
    const { code, stdout } = await cli(label(at('in.jsonl'), at('out.jsonl'), gateway));
    expect(code).toBe(0);
    expect(stdout).toContain('50 of 50 rows judged');
    const rows = readJsonLines(at('out.jsonl'));
    expect(rows.map((row) => row['line'])).toEqual(Array.from({ length: 50 }, (_, n) => n + 1));
    expect(rows[0]).toMatchObject({
      line: 1,
      policy: null,
      id: 'vrd_row-1',
      item_id: 'row-1',
      task: 'preference',
      outcome: 'ok',
    });
    expect(rows[0]?.['digest']).toMatch(/^[0-9a-f]{16}$/);
    // The verdict stands there as the gateway gave it, field by field.
    expect(
      Object.keys(rows[0] ?? {})
        .slice(0, 8)
        .join(),
    ).toBe('line,digest,policy,id,item_id,task,outcome,label');
    expect(rows[0]).toMatchObject({ difficulty: null, inclusion_probability: 1, metadata: {} });
    expect(readdirSync(dirname(at('out.jsonl'))).toSorted()).toEqual(['in.jsonl', 'out.jsonl']);
  });

  it('sends policy, rubric and metadata, and keeps unknown columns as metadata', async () => {
    const gateway = await fakeGateway();
    const row = { prompt: 'Why?', candidates: ['x', 'y'], metadata: { source: 'web' }, split: 'train' };
    const own = { ...row, rubric: 'helpful@1' };
    const at = temporaryFolder({ 'in.jsonl': jsonLines([row, own]) });
    const more = ['--policy', 'careful', '--rubric', 'harmless@2'];
    expect((await cli(label(at('in.jsonl'), at('out'), gateway, ...more))).code).toBe(0);
    expect(gateway.asked.toSorted((x, y) => x.id.localeCompare(y.id))).toMatchObject([
      { id: 'line-1', policy: 'careful', rubric: 'harmless@2', metadata: { source: 'web', split: 'train' } },
      { id: 'line-2', policy: 'careful', rubric: 'helpful@1' },
    ]);
    expect(readJsonLines(at('out'))[0]).toMatchObject({ policy: 'careful', metadata: { split: 'train' } });
  });

  it('turns every bad line into one row that says why, and judges the others', async () => {
    const gateway = await fakeGateway();
    const lines = [
      Buffer.from('\ufeff{"prompt":"p","candidates":["x","y"]}\r\n'),
      Buffer.from('\n   \n'),
      Buffer.from('{"prompt":"p","candidates":["x" "y"]}\n'),
      Buffer.from('{"prompt":"p","candidates":["x"]}\n'),
      Buffer.from('{"prompt":"","candidates":["x","y"]}\n'),
      Buffer.from([0x7b, 0xff, 0xfe, 0x7d, 0x0a]),
      Buffer.from('[1,2]\n'),
      Buffer.from(`{"prompt":"${'x'.repeat(270_000)}","candidates":["x","y"]}\n`),
      Buffer.from(
        `{"prompt":"p","candidates":["x","y"],"deep":${'['.repeat(100_000)}${']'.repeat(100_000)}}\n`,
      ),
      Buffer.from('{"id":"last","prompt":"p","candidates":["x","z"]}'),
    ];
    const at = temporaryFolder({ 'in.jsonl': Buffer.concat(lines) });
    const { code, stdout } = await cli(label(at('in.jsonl'), at('out'), gateway));
    expect(code).toBe(1);
    expect(stdout).toContain('2 of 9 rows judged');
    const rows = readJsonLines(at('out')).map(({ line, outcome, label: given, error }) => ({
      line,
      outcome,
      labelled: given !== null,
      message: (error as { message: string } | null)?.message ?? null,
    }));
    expect(rows).toEqual([
      { line: 1, outcome: 'ok', labelled: true, message: null },
      {
        line: 4,
        outcome: 'invalid_item',
        labelled: false,
        message: "not JSON at column 33: Expected ',' or ']' after array element",
      },
      { line: 5, outcome: 'invalid_item', labelled: false, message: 'candidates: two are needed, found 1' },
      { line: 6, outcome: 'invalid_item', labelled: false, message: 'prompt: is empty' },
      { line: 7, outcome: 'invalid_item', labelled: false, message: 'the line is not valid UTF-8' },
      { line: 8, outcome: 'invalid_item', labelled: false, message: 'the line is a list, not a JSON object' },
      { line: 9, outcome: 'invalid_item', labelled: false, message: 'the line is longer than 256 KiB' },
      { line: 10, outcome: 'invalid_item', labelled: false, message: 'the row is nested too deep' },
      { line: 11, outcome: 'ok', labelled: true, message: null },
    ]);
    expect(gateway.asked).toHaveLength(2);
  });

  it('judges the first of two rows with one id and says where the other repeats it', async () => {
    const gateway = await fakeGateway();
    const pair = { prompt: 'p', candidates: ['x', 'y'] };
    const rows = [{ ...pair, id: 'q' }, pair, { ...pair, id: 'q', prompt: 'other' }, { ...pair, id: 'r' }];
    const at = temporaryFolder({ 'in.jsonl': jsonLines(rows) });
    expect((await cli(label(at('in.jsonl'), at('out'), gateway))).code).toBe(1);
    expect(
      readJsonLines(at('out')).map(({ line, item_id, outcome, error }) => [line, item_id, outcome, error]),
    ).toEqual([
      [1, 'q', 'ok', null],
      [2, 'line-2', 'ok', null],
      [3, 'q', 'invalid_item', expect.objectContaining({ message: 'repeats the id of line 1', param: 'id' })],
      [4, 'r', 'ok', null],
    ]);
    expect(gateway.asked).toHaveLength(3);
  });

  it('sends hh pairs in an order that the content decides and maps the labels back', async () => {
    const gateway = await fakeGateway();
    const rows = Array.from({ length: 40 }, (_, n) => {
      const dialogue = `\n\nHuman: Question ${n}?\n\nAssistant: Well.\n\nHuman: And?`;
      return {
        chosen: `${dialogue}\n\nAssistant: Yes, ${n}.`,
        rejected: `${dialogue}\n\nAssistant: No, ${n}.`,
      };
    });
    const at = temporaryFolder({ 'in.jsonl': jsonLines(rows) });
    const { code, stdout } = await cli(label(at('in.jsonl'), at('out'), gateway));
    expect(code).toBe(0);
    expect(stdout).toContain('agreement');
    expect(gateway.asked[0]?.prompt).toEqual([
      { role: 'user', content: expect.stringMatching(/^Question \d+\?$/) },
      { role: 'assistant', content: 'Well.' },
      { role: 'user', content: 'And?' },
    ]);
    const chosenFirst = gateway.asked.filter(({ candidates }) => candidates[0].startsWith('Yes')).length;
    expect(chosenFirst).toBeGreaterThan(8);
    expect(chosenFirst).toBeLessThan(32);
    for (const [n, row] of readJsonLines(at('out')).entries()) {
      const expected = betterOf(`Yes, ${n}.`, `No, ${n}.`).startsWith('Yes') ? 'a' : 'b';
      const sent = gateway.asked.find(({ id }) => id === `line-${n + 1}`)?.candidates[0].startsWith('Yes')
        ? 'ab'
        : 'ba';
      expect(row).toMatchObject({ line: n + 1, label: expected, chosen: 'a', sent });
      const { a, b } = row['probabilities'] as { a: number; b: number };
      expect(a > b).toBe(expected === 'a');
      // The order that a judge saw, in the input's own terms: with the better one first, P(first) is high.
      for (const entry of row['trail'] as { order: string; p_first: number }[]) {
        expect(entry.p_first > 0.5).toBe(entry.order.startsWith(expected));
      }
    }
  });

  it('asks with bounded concurrency', async () => {
    const gateway = await fakeGateway({ delayMs: 2 });
    const at = temporaryFolder({ 'in.jsonl': pairs(40) });
    await cli(label(at('in.jsonl'), at('out'), gateway, '--concurrency', '4'));
    expect(gateway.asked).toHaveLength(40);
    expect(gateway.mostAtOnce()).toBe(4);
  });

  it('judges only the first rows with --limit, and the rest in a later run', async () => {
    const gateway = await fakeGateway();
    const at = temporaryFolder({ 'in.jsonl': pairs(20) });
    expect((await cli(label(at('in.jsonl'), at('out'), gateway, '--limit', '8'))).code).toBe(0);
    expect(readJsonLines(at('out'))).toHaveLength(8);
    const { code, stdout } = await cli(label(at('in.jsonl'), at('out'), gateway));
    expect(code).toBe(0);
    expect(stdout).toContain('8 rows kept from an earlier run');
    expect(readJsonLines(at('out'))).toHaveLength(20);
    expect(gateway.asked).toHaveLength(20);
  });

  it('prints one JSON object with --json', async () => {
    const gateway = await fakeGateway();
    const at = temporaryFolder({ 'in.jsonl': `${pairs(30)}no json\n` });
    const { code, stdout, stderr } = await cli(
      label(at('in.jsonl'), at('out'), gateway, '--json', '--quiet'),
    );
    expect(code).toBe(1);
    expect(stderr).toBe('');
    const summary = JSON.parse(stdout) as Record<string, unknown>;
    const rows = readJsonLines(at('out'));
    const large = rows.filter((row) => row['tier'] === 'large').length;
    expect(large).toBeGreaterThan(0);
    expect(summary).toMatchObject({
      output: at('out'),
      format: 'assay',
      rows: 31,
      judged: 30,
      labels: 30,
      failed: 1,
      resumed: 0,
      outcomes: { ok: 30, invalid_item: 1 },
      agreement_with_chosen: null,
      failures: [{ line: 31, outcome: 'invalid_item' }],
    });
    // Two calls of 10 micro-dollars at the large tier, for each of the 30 judged rows.
    expect(summary['always_last_tier']).toMatchObject({
      tier: 'large',
      estimated_usd: expect.closeTo(0.0006, 9),
    });
    expect(summary['cost_usd']).toBeCloseTo(large * 0.000022 + (30 - large) * 0.000002, 9);
  });

  it('writes TRL preference rows for labels a and b, with the verdicts beside them', async () => {
    const gateway = await fakeGateway({
      verdict: ({ id }) => (id === 'row-3' ? { outcome: 'tie', label: 'tie' } : {}),
    });
    const messages = [{ role: 'user', content: 'Hello?' }];
    const rows = [
      {
        id: 'row-1',
        prompt: messages,
        chosen: [{ role: 'assistant', content: 'Hi.' }],
        rejected: [{ role: 'assistant', content: 'Go away.' }],
        source: 'web',
      },
      { id: 'row-2', prompt: 'Why?', chosen: 'Because.', rejected: 'No.' },
      { id: 'row-3', prompt: 'Tie?', chosen: 'one', rejected: 'two' },
      { id: 'row-4', prompt: 'Empty?', chosen: '', rejected: 'two' },
    ];
    const at = temporaryFolder({ 'in.jsonl': jsonLines(rows) });
    const { code, stdout } = await cli(
      label(at('in.jsonl'), at('dpo.jsonl'), gateway, '--output-format', 'trl'),
    );
    expect(code).toBe(1);
    expect(stdout).toContain('2 preference rows');
    expect(stdout).toContain('dpo.jsonl.verdicts.jsonl');
    expect(readJsonLines(at('dpo.jsonl.verdicts.jsonl')).map((row) => row['outcome'])).toEqual([
      'ok',
      'ok',
      'tie',
      'invalid_item',
    ]);
    const [first, second, ...more] = readJsonLines(at('dpo.jsonl'));
    expect(more).toEqual([]);
    const better = betterOf('Hi.', 'Go away.');
    expect(first).toMatchObject({
      source: 'web',
      prompt: messages,
      chosen: [{ role: 'assistant', content: better }],
      rejected: [{ role: 'assistant', content: better === 'Hi.' ? 'Go away.' : 'Hi.' }],
      id: 'row-1',
      line: 1,
      score_chosen: 0.9,
      score_rejected: 0.08,
      inclusion_probability: 1,
      weight: 1,
    });
    expect(second).toMatchObject({
      prompt: 'Why?',
      chosen: betterOf('Because.', 'No.'),
      id: 'row-2',
      line: 2,
    });
  });
});

describe('assay label goes on where it stopped', () => {
  it('keeps judged rows, asks failed ones again and replaces their rows', async () => {
    let broken = true;
    const gateway = await fakeGateway({
      verdict: ({ id }) =>
        broken && id === 'row-7'
          ? {
              outcome: 'engine_failed',
              label: null,
              error: { message: 'engine down', type: 't', param: null, code: 'engine_error' },
            }
          : {},
    });
    const at = temporaryFolder({ 'in.jsonl': pairs(10) });
    const first = await cli(label(at('in.jsonl'), at('out'), gateway));
    expect(first.code).toBe(1);
    expect(first.stdout).toMatch(/line 7 +engine_failed +engine down/);
    broken = false;
    const second = await cli(label(at('in.jsonl'), at('out'), gateway));
    expect(second.code).toBe(0);
    expect(gateway.asked).toHaveLength(11);
    expect(gateway.asked.at(-1)?.id).toBe('row-7');
    expect(readJsonLines(at('out')).map((row) => row['outcome'])).toEqual(
      Array.from({ length: 10 }, () => 'ok'),
    );
    const third = await cli(label(at('in.jsonl'), at('out'), { url: 'http://127.0.0.1:9' }));
    expect(third.code).toBe(0);
    expect(third.stdout).toContain('10 rows kept from an earlier run');
  });

  it('leaves lines that are added while it runs to the next run', async () => {
    const gateway = await fakeGateway({ delayMs: 1 });
    const long = 'x'.repeat(5000);
    const rows = Array.from({ length: 40 }, (_, n) => ({ prompt: `p${n}`, candidates: [`${n}`, long] }));
    const at = temporaryFolder({ 'in.jsonl': jsonLines(rows) });
    const run = startCli(label(at('in.jsonl'), at('out'), gateway, '--concurrency', '1'));
    await gateway.untilAsked(3);
    appendFileSync(at('in.jsonl'), pairs(2));
    expect((await run.result).stdout).toContain('40 of 40 rows judged');
    expect(readJsonLines(at('out'))).toHaveLength(40);
    expect((await cli(label(at('in.jsonl'), at('out'), gateway))).stdout).toContain('42 of 42 rows judged');
    expect(gateway.asked).toHaveLength(42);
  });

  it('follows rows whose line moved and knows equal items apart', async () => {
    const gateway = await fakeGateway();
    const row = { prompt: 'Same?', candidates: ['x', 'y'] };
    const other = { prompt: 'Other?', candidates: ['x', 'y'] };
    const at = temporaryFolder({ 'in.jsonl': jsonLines([row, other, row]) });
    await cli(label(at('in.jsonl'), at('out'), gateway));
    expect(gateway.asked).toHaveLength(3);
    writeFileSync(at('in.jsonl'), jsonLines([{ prompt: 'New?', candidates: ['x', 'y'] }, row, other, row]));
    expect((await cli(label(at('in.jsonl'), at('out'), gateway))).code).toBe(0);
    expect(gateway.asked.slice(3).map(({ prompt }) => prompt)).toEqual(['New?']);
    expect(readJsonLines(at('out')).map(({ line, item_id: id }) => [line, id])).toEqual([
      [1, 'line-1'],
      [2, 'line-2'],
      [3, 'line-3'],
      [4, 'line-4'],
    ]);
  });

  it('refuses rows that belong to no row of the input, another policy, and files of others', async () => {
    const gateway = await fakeGateway();
    const at = temporaryFolder({
      'in.jsonl': pairs(5),
      'other.jsonl': 'my notes\n',
      'notes.txt': 'no newline',
    });
    await cli(label(at('in.jsonl'), at('out'), gateway));
    const before = readFileSync(at('out'), 'utf8');
    writeFileSync(at('changed.jsonl'), pairs(5).replace('Question 3?', 'Question three?'));
    const changed = await cli(label(at('changed.jsonl'), at('out'), gateway));
    expect(changed).toMatchObject({ code: 2, stdout: '' });
    expect(changed.stderr).toContain('1 of its 5 judged rows belong to no row of');
    expect(changed.stderr).toContain('--restart');
    const policy = await cli(label(at('in.jsonl'), at('out'), gateway, '--policy', 'strict'));
    expect(policy.code).toBe(2);
    expect(policy.stderr).toContain(
      "was judged with the gateway's default policy, this run uses policy strict",
    );
    for (const name of ['other.jsonl', 'notes.txt']) {
      const content = readFileSync(at(name), 'utf8');
      const foreign = await cli(label(at('in.jsonl'), at(name), gateway));
      expect(foreign.code).toBe(2);
      expect(foreign.stderr).toContain(`${at(name)}:1: this is not a row that "assay label" wrote`);
      expect(readFileSync(at(name), 'utf8')).toBe(content);
    }
    expect(readFileSync(at('out'), 'utf8')).toBe(before);
    expect(gateway.asked).toHaveLength(5);
  });

  it('begins anew with --restart and keeps the old file', async () => {
    const gateway = await fakeGateway();
    const at = temporaryFolder({ 'in.jsonl': pairs(5) });
    await cli(label(at('in.jsonl'), at('out'), gateway));
    const before = readFileSync(at('out'), 'utf8');
    const { code } = await cli(label(at('in.jsonl'), at('out'), gateway, '--restart', '--policy', 'strict'));
    expect(code).toBe(0);
    expect(readFileSync(at('out.bak'), 'utf8')).toBe(before);
    expect(gateway.asked).toHaveLength(10);
    const strict = readFileSync(at('out'), 'utf8');
    // Two that fail before a row is judged: the good file stays in ….bak.
    for (const url of ['http://127.0.0.1:9', 'http://127.0.0.1:9']) {
      const failed = await cli(
        label(at('in.jsonl'), at('out'), { url }, '--restart', '--give-up-after', '0'),
      );
      expect(failed.code).toBe(3);
    }
    expect(readFileSync(at('out.bak'), 'utf8')).toBe(strict);
    await cli(label(at('in.jsonl'), at('out'), gateway, '--policy', 'strict'));
    expect(readJsonLines(at('out')).every((row) => row['policy'] === 'strict')).toBe(true);
  });

  it('mends a file that was torn at any byte of its last lines', async () => {
    const gateway = await fakeGateway();
    const at = temporaryFolder({ 'in.jsonl': pairs(6) });
    await cli(label(at('in.jsonl'), at('out'), gateway));
    const whole = readFileSync(at('out'));
    const last = whole.subarray(0, -1).lastIndexOf('\n') + 1;
    // One byte short of the end the row is still whole: only its newline is gone.
    const cuts = [
      last - 1,
      last,
      last + 1,
      last + 7,
      last + 8,
      last + 300,
      whole.length - 2,
      whole.length - 1,
    ];
    for (const cut of cuts) {
      writeFileSync(at('out'), whole.subarray(0, cut));
      gateway.asked.length = 0;
      expect((await cli(label(at('in.jsonl'), at('out'), gateway))).code).toBe(0);
      const isWhole = cut === whole.length - 1;
      expect(gateway.asked.map(({ id }) => id)).toEqual(isWhole ? [] : ['row-6']);
      expect(readFileSync(at('out')).equals(whole)).toBe(true);
    }
  });

  it('refuses an output that another living process writes, and takes over a dead lock', async () => {
    const gateway = await fakeGateway();
    const at = temporaryFolder({ 'in.jsonl': pairs(3), 'out.lock': `${process.ppid}\n` });
    const locked = await cli(label(at('in.jsonl'), at('out'), gateway));
    expect(locked.code).toBe(2);
    expect(locked.stderr).toContain(`process ${process.ppid} is writing this file`);
    const dead = spawn(process.execPath, ['-e', '']);
    await new Promise((resolve) => dead.on('exit', resolve));
    writeFileSync(at('out.lock'), `${dead.pid}\n`);
    expect((await cli(label(at('in.jsonl'), at('out'), gateway))).code).toBe(0);
    expect(existsSync(at('out.lock'))).toBe(false);
  });

  it('finishes what is under way when interrupted, and goes on later', async () => {
    const gateway = await fakeGateway({ delayMs: 5 });
    const at = temporaryFolder({ 'in.jsonl': pairs(200) });
    const run = startCli(label(at('in.jsonl'), at('out'), gateway, '--concurrency', '4'));
    await gateway.untilAsked(20);
    run.interrupt();
    const { code, stdout, stderr } = await run.result;
    expect(code).toBe(130);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/interrupted: \d+ of 200 rows are in .*; run the same command again to go on/);
    const asked = gateway.asked.length;
    expect(asked).toBeLessThan(200);
    expect(readJsonLines(at('out'))).toHaveLength(asked);
    expect((await cli(label(at('in.jsonl'), at('out'), gateway))).code).toBe(0);
    expect(gateway.asked).toHaveLength(200);
  });

  it('drops what is under way at the second interrupt', async () => {
    const gateway = await fakeGateway({ delayMs: 60_000 });
    const at = temporaryFolder({ 'in.jsonl': pairs(10) });
    const run = startCli(label(at('in.jsonl'), at('out'), gateway));
    await gateway.untilAsked(10);
    run.interrupt();
    run.interrupt();
    expect((await run.result).code).toBe(130);
    expect(existsSync(at('out'))).toBe(false);
  });

  it('loses, repeats and re-asks nothing however often it is killed', async () => {
    const gateway = await fakeGateway({ delayMs: 2 });
    const at = temporaryFolder({ 'in.jsonl': pairs(400) });
    const args = label(at('in.jsonl'), at('out'), gateway, '--concurrency', '8', '--quiet');
    const written = new Set<string>();
    for (const kills of [40, 150, 290]) {
      const child = startProcess(args);
      await gateway.untilAsked(kills);
      child.kill('SIGKILL');
      await exitOf(child);
      const askedBefore = gateway.asked.length;
      const text = readFileSync(at('out'), 'utf8');
      const whole = text.slice(0, text.lastIndexOf('\n') + 1);
      for (const line of whole.split('\n').filter(Boolean))
        written.add((JSON.parse(line) as { item_id: string }).item_id);
      expect(written.size).toBeGreaterThan(0);
      expect(written.size).toBeLessThan(400);
      expect(askedBefore - written.size).toBeLessThanOrEqual(24);
    }
    const known = new Set(written);
    const askedBefore = gateway.asked.length;
    const last = startProcess(args);
    expect(await exitOf(last)).toBe(0);
    expect(gateway.asked.slice(askedBefore).filter(({ id }) => known.has(id))).toEqual([]);
    expect(readJsonLines(at('out')).map((row) => row['item_id'])).toEqual(
      Array.from({ length: 400 }, (_, n) => `row-${n + 1}`),
    );
    expect(existsSync(at('out.lock'))).toBe(false);
  });
});

function startProcess(args: readonly string[]): ChildProcess {
  const entry = join(import.meta.dirname, '../fakes/cli-process.ts');
  return spawn(process.execPath, [entry, ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
}

async function exitOf(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null) return child.exitCode;
  return new Promise((resolve) => child.on('exit', resolve));
}

describe('assay label and a gateway in trouble', () => {
  it('tries again after broken connections, 408, 429 and 5xx', async () => {
    const retryable = [
      { status: 503, body: envelope('overloaded', 'busy'), headers: { 'retry-after': '0' } },
      { status: 429, body: envelope('overloaded', 'slow down') },
      { status: 408, body: envelope('request_timeout', 'too slow') },
      { status: 502, body: '<html>bad gateway</html>' },
      'destroy' as const,
    ];
    const gateway = await fakeGateway({
      failure: ({ id }, tries) =>
        tries === 1 ? retryable[Number(id.slice(4)) % retryable.length] : undefined,
    });
    const at = temporaryFolder({ 'in.jsonl': pairs(10) });
    const { code, stderr } = await cli(label(at('in.jsonl'), at('out'), gateway));
    expect(code).toBe(0);
    expect(gateway.asked).toHaveLength(20);
    expect(stderr).toContain('trying again');
  });

  it('gives up what the gateway refuses, and judges the others', async () => {
    const gateway = await fakeGateway({
      failure: ({ id }) => {
        if (id === 'row-2')
          return { status: 400, body: envelope('context_overflow', 'too long for the engine') };
        if (id === 'row-3')
          return { status: 413, body: envelope('request_too_large', 'the body is too large') };
        return undefined;
      },
    });
    const at = temporaryFolder({ 'in.jsonl': pairs(5) });
    const { code } = await cli(label(at('in.jsonl'), at('out'), gateway));
    expect(code).toBe(1);
    expect(readJsonLines(at('out')).map((row) => [row['outcome'], row['label'] === null])).toEqual([
      ['ok', false],
      ['truncated', true],
      ['invalid_item', true],
      ['ok', false],
      ['ok', false],
    ]);
  });

  it.each([
    [
      401,
      envelope('unauthenticated', 'the API key is missing or not valid'),
      'the API key is missing or not valid',
    ],
    [403, envelope('forbidden', 'the team may not use this policy'), 'the team may not use this policy'],
    [404, envelope('not_found', 'there is no policy "x"'), 'there is no policy "x"'],
    [400, envelope('invalid_request', 'policy is unknown', 'policy'), 'policy is unknown'],
    [405, 'Method Not Allowed', 'is this the address of an Assay gateway?'],
    [200, '<html></html>', 'is this the address of an Assay gateway?'],
  ])('stops at once at HTTP %i: %j', async (status, body, message) => {
    const gateway = await fakeGateway({ failure: () => ({ status, body }) });
    const at = temporaryFolder({ 'in.jsonl': pairs(100) });
    const { code, stderr } = await cli(label(at('in.jsonl'), at('out'), gateway, '--concurrency', '2'));
    expect(code).toBe(2);
    expect(stderr).toContain(message);
    expect(gateway.asked.length).toBeLessThanOrEqual(2);
    expect(readdirSync(dirname(at('out')))).toEqual(['in.jsonl']);
  });

  it('stops when nobody answers for long enough, and goes on when somebody does', async () => {
    const first = await fakeGateway({ delayMs: 1 });
    const at = temporaryFolder({ 'in.jsonl': pairs(60) });
    const more = ['--give-up-after', '0.2', '--concurrency', '4'];
    const run = startCli(label(at('in.jsonl'), at('out'), first, ...more));
    await first.untilAsked(20);
    await first.close();
    const { code, stderr } = await run.result;
    expect(code).toBe(3);
    expect(stderr).toContain('ECONNREFUSED');
    expect(stderr).toContain('has not answered for');
    const kept = readJsonLines(at('out')).length;
    expect(kept).toBeGreaterThan(0);
    const second = await fakeGateway();
    const again = await cli(label(at('in.jsonl'), at('out'), second, ...more));
    expect(again.code).toBe(0);
    expect(second.asked).toHaveLength(60 - kept);
  });

  it('survives a gateway that comes back at the same address', async () => {
    const first = await fakeGateway({ delayMs: 1 });
    const at = temporaryFolder({ 'in.jsonl': pairs(60) });
    const run = startCli(label(at('in.jsonl'), at('out'), first, '--concurrency', '4'));
    await first.untilAsked(20);
    await first.close();
    await run.untilShown('trying again');
    await fakeGateway({ port: first.port });
    expect((await run.result).code).toBe(0);
    expect(readJsonLines(at('out'))).toHaveLength(60);
  });
});

describe('assay label starts its own gateway', () => {
  it('and asks it over HTTP with its key, then closes it', async () => {
    const gateway = await fakeGateway({ apiKey: 'assay_own_key' });
    const closed: string[] = [];
    const at = temporaryFolder({ 'in.jsonl': pairs(4) });
    const { code } = await cli(['label', at('in.jsonl'), '-o', at('out'), '--simulated'], {
      env: { ASSAY_URL: 'http://127.0.0.1:9' },
      program: {
        serve: async (options) => {
          expect(options).toMatchObject({
            source: { type: 'simulated' },
            host: '127.0.0.1',
            port: 0,
            log: false,
          });
          return {
            url: gateway.url,
            apiKey: 'assay_own_key',
            adminUrl: null,
            reload: unexpected,
            policies: ['default'],
            tiers: ['small', 'large'],
            plans: {},
            judgeParts: {},
            families: {},
            ready: async () => [],
            close: async () => void closed.push('gateway'),
          };
        },
      },
    });
    expect(code).toBe(0);
    expect(closed).toEqual(['gateway']);
    expect(readJsonLines(at('out')).map((row) => row['policy'])).toEqual(
      Array.from({ length: 4 }, () => 'simulated'),
    );
  });

  it('and never mixes simulated labels with real ones', async () => {
    const gateway = await fakeGateway();
    const at = temporaryFolder({ 'in.jsonl': pairs(2) });
    const program = {
      serve: async () => ({
        url: gateway.url,
        apiKey: null,
        adminUrl: null,
        reload: unexpected,
        policies: ['default'],
        tiers: [],
        plans: {},
        judgeParts: {},
        families: {},
        ready: async () => [],
        close: async () => undefined,
      }),
    };
    await cli(['label', at('in.jsonl'), '-o', at('out'), '--simulated'], { program });
    const real = await cli(label(at('in.jsonl'), at('out'), gateway));
    expect(real.code).toBe(2);
    expect(real.stderr).toContain('was judged with policy simulated');
  });

  it('and stops waiting for its engines when interrupted', async () => {
    const at = temporaryFolder({ 'in.jsonl': pairs(2) });
    const closed: string[] = [];
    const never = new Promise<never>(() => undefined);
    const started = Promise.withResolvers<void>();
    const run = startCli(['label', at('in.jsonl'), '-o', at('out'), '--simulated'], {
      program: {
        serve: async () => ({
          url: 'http://127.0.0.1:9',
          apiKey: null,
          adminUrl: null,
          reload: unexpected,
          policies: ['default'],
          tiers: [],
          plans: {},
          judgeParts: {},
          families: {},
          ready: () => {
            started.resolve();
            return never;
          },
          close: async () => void closed.push('gateway'),
        }),
      },
    });
    await started.promise;
    run.interrupt();
    const { code, stderr } = await run.result;
    expect(code).toBe(130);
    expect(stderr).toContain('interrupted before the engines were ready');
    expect(closed).toEqual(['gateway']);
    expect(existsSync(at('out.lock'))).toBe(false);
  });

  it('and says which engine is not ready', async () => {
    const at = temporaryFolder({ 'in.jsonl': pairs(2) });
    const replica = {
      name: 'small/0',
      url: 'http://127.0.0.1:1',
      ready: false,
      inFlight: 0,
      reason: 'connection refused',
      report: null,
    };
    const { code, stderr } = await cli(['label', at('in.jsonl'), '-o', at('out'), '--config', 'my.yaml'], {
      program: {
        serve: async () => ({
          url: 'http://127.0.0.1:9',
          apiKey: null,
          adminUrl: null,
          reload: unexpected,
          policies: ['default'],
          tiers: [],
          plans: {},
          judgeParts: {},
          families: {},
          ready: async () => [{ engine: 'small', kind: 'openai/vllm', model: 'm', replicas: [replica] }],
          close: async () => undefined,
        }),
      },
    });
    expect(code).toBe(3);
    expect(stderr).toContain('engine small has no ready replica (http://127.0.0.1:1: connection refused)');
  });
});

describe('assay label refuses', () => {
  const refused = async (args: string[], world = {}): Promise<string> => {
    const { code, stdout, stderr } = await cli(args, world);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).not.toMatch(/^ +at /m);
    return stderr;
  };

  it('wrong options, all at once', async () => {
    const message = await refused([
      'label',
      'in',
      '-o',
      'out',
      '--format',
      'csv',
      '--concurrency',
      '0',
      '--limit',
      'x',
    ]);
    expect(message).toContain('--format: must be one of auto, assay, trl, hh');
    expect(message).toContain('--concurrency: "0" is no whole number from 1 to 1024');
    expect(message).toContain('--limit: "x" is no whole number');
  });

  it('missing files, folders, and the input as output', async () => {
    const at = temporaryFolder({
      'in.jsonl': pairs(1),
      'empty.jsonl': '\n\n',
      'odd.jsonl': '{"text":"x"}\n',
    });
    const url = { url: 'http://127.0.0.1:9' };
    expect(await refused(label(at('none'), at('out'), url))).toContain('there is no such file');
    mkdirSync(at('folder'));
    expect(await refused(label(at('folder'), at('out'), url))).toContain('this is not a file');
    expect(await refused(label(at('in.jsonl'), at('folder'), url))).toContain('this is not a file');
    expect(await refused(label(at('in.jsonl'), at('in.jsonl'), url))).toContain('the same file');
    expect(await refused(label(at('in.jsonl'), at('no/such/out'), url))).toContain(
      'no such file or directory',
    );
    expect(await refused(label(at('empty.jsonl'), at('out'), url))).toContain(
      'there are no rows in this file',
    );
    expect(await refused(label(at('odd.jsonl'), at('out'), url))).toContain('say which it is with --format');
    expect(await refused(label(at('in.jsonl'), at('out'), { url: 'localhost:80' }))).toContain(
      'is no address such as',
    );
    expect(await refused(label(at('in.jsonl'), at('out'), url, '--simulated'))).toContain(
      '--url and --simulated exclude',
    );
    rmSync(at('folder'), { recursive: true });
    expect(readdirSync(dirname(at('x'))).toSorted()).toEqual(['empty.jsonl', 'in.jsonl', 'odd.jsonl']);
  });

  it('a gateway on a port where nobody listens, after --give-up-after', async () => {
    const probe = createServer();
    await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
    const address = probe.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    await new Promise((resolve) => probe.close(resolve));
    const at = temporaryFolder({ 'in.jsonl': pairs(1) });
    const { code } = await cli(
      label(at('in.jsonl'), at('out'), { url: `http://127.0.0.1:${port}` }, '--give-up-after', '0'),
    );
    expect(code).toBe(3);
  });
});
