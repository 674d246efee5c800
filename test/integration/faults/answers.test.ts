import { describe, expect, it } from 'vitest';
import {
  answerEvents,
  answerJson,
  type Script,
  USAGE_CHUNK,
  writeEvents,
} from '../../fakes/scripted-engine.ts';
import { type BreakableEngine, startBreakableEngine } from './breakable-engine.ts';
import { type FleetOptions, startFleet, summaryOf } from './fleet.ts';
import { LABEL_CHUNK } from './label-answer.ts';

const SHORT: FleetOptions = { stuckAfterMs: 400 };

const says =
  (status: number, message: string, headers: Record<string, string> = {}): Script =>
  (_, response) => {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    answerJson(response, status, { error: { message, type: 'Error', code: status } });
  };

interface Fault {
  readonly name: string;
  readonly script: Script;
  readonly options?: FleetOptions;
  /** Code of the item when there is no other replica. */
  readonly code: string;
  /** Whether the replica is taken out until a warm-up succeeds. */
  readonly out: boolean;
}

const NO_LOGPROBS = structuredClone(LABEL_CHUNK);
for (const { logprobs } of NO_LOGPROBS['choices'] as { logprobs: { content: { logprob: unknown }[] } }[]) {
  for (const entry of logprobs.content) entry.logprob = null;
}

const FAULTS: readonly Fault[] = [
  {
    name: 'a hang before the head',
    script: () => undefined,
    options: SHORT,
    code: 'engine_error',
    out: true,
  },
  {
    name: 'a hang after the head',
    script: (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.flushHeaders();
    },
    options: SHORT,
    code: 'engine_error',
    out: true,
  },
  {
    name: 'a hang in the middle of the body',
    script: (_, response) => writeEvents(response, [USAGE_CHUNK]),
    options: SHORT,
    code: 'engine_error',
    out: true,
  },
  {
    name: 'one byte now and then',
    script: (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const drip = setInterval(() => response.write(':'), 20);
      response.once('close', () => clearInterval(drip));
    },
    options: SHORT,
    code: 'engine_error',
    out: true,
  },
  {
    name: '429 that says "soon"',
    script: says(429, 'slow down', { 'retry-after': 'soon' }),
    code: 'overloaded',
    out: false,
  },
  {
    name: '429 that says -5',
    script: says(429, 'slow down', { 'retry-after': '-5' }),
    code: 'overloaded',
    out: false,
  },
  {
    name: '503 of a full queue',
    script: says(
      503,
      'The engine is currently busy and cannot accept new requests. Please try again later or on a different instance.',
    ),
    code: 'overloaded',
    out: false,
  },
  {
    name: 'NaN that shows as a bad request',
    script: says(400, 'Out of range float values are not JSON compliant'),
    code: 'engine_corrupt',
    out: true,
  },
  {
    name: 'NaN that shows as null in a stream',
    script: (_, response) => answerEvents(response, [NO_LOGPROBS, USAGE_CHUNK]),
    code: 'engine_corrupt',
    out: true,
  },
  {
    name: '500 of an engine that shuts down while its health says 200',
    script: says(500, 'cannot schedule new futures after shutdown'),
    code: 'engine_unavailable',
    out: true,
  },
  {
    name: 'a choice that ends twice',
    script: (_, response) => answerEvents(response, [LABEL_CHUNK, LABEL_CHUNK, USAGE_CHUNK]),
    code: 'engine_error',
    out: true,
  },
];

describe.concurrent.each(FAULTS)('$name', ({ script, options = {}, code, out }) => {
  it('from one of three replicas costs no label, and is over when the replica is mended', async () => {
    await using broken = await startBreakableEngine();
    await using second = await startBreakableEngine();
    await using third = await startBreakableEngine();
    await using fleet = await startFleet([broken.url, second.url, third.url], options);
    broken.breakWith(script);
    const during = summaryOf(await fleet.judgeMany(40));
    expect(during).toMatchObject({ labels: 40, failures: [] });
    if (out) expect(await fleet.reasons()).toHaveLength(1);
    broken.mend();
    // One that was ejected as an outlier comes back later; nobody waits for it.
    if (out) await fleet.ready(3);
    expect(summaryOf(await fleet.judgeMany(60, {}, 1_000))).toEqual({
      labels: 60,
      failures: [],
      attempts: 60,
    });
  });

  it('from the only one is a typed failure without a label', async () => {
    await using broken = await startBreakableEngine();
    await using fleet = await startFleet([broken.url], { ...options, deadlineMs: 3_000 });
    broken.breakWith(script);
    const { label, error } = await fleet.judge(1);
    expect({ label, code: error?.code }).toEqual({ label: null, code });
  });
});

describe('a reply without end', () => {
  const endless: Script = (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const more = (): void => {
      while (!response.destroyed && response.write(`: ${'x'.repeat(16_384)}\n\n`));
    };
    response.on('drain', more);
    more();
  };

  it('is a typed failure of its item, which no other replica is asked about', async () => {
    await using broken = await startBreakableEngine();
    await using well = await startBreakableEngine();
    await using fleet = await startFleet([broken.url, well.url], { replyLimitBytes: 65_536 });
    broken.breakWith(endless);
    const { labels, failures } = summaryOf(await fleet.judgeMany(20));
    expect(labels + failures.length).toBe(20);
    expect(failures.length).toBeGreaterThan(0);
    expect(new Set(failures)).toEqual(new Set(['engine_reply_too_large']));
    broken.mend();
    expect(summaryOf(await fleet.judgeMany(60, {}, 1_000))).toMatchObject({ labels: 60, failures: [] });
  });
});

describe('an engine', () => {
  it('with other weights or settings shows in the trail', async () => {
    await using engine = await startBreakableEngine();
    await using fleet = await startFleet([engine.url]);
    const before = await fleet.judge(1);
    engine.breakWith((_, response) =>
      answerEvents(response, [LABEL_CHUNK, { ...USAGE_CHUNK, system_fingerprint: 'build-2' }]),
    );
    const after = await fleet.judge(2);
    expect(after.label).not.toBeNull();
    expect(after.trail[0]?.fingerprint).toBe('build-2');
    expect(before.trail[0]?.fingerprint).not.toBe('build-2');
  });
});

describe('a pool of which every replica fails', () => {
  it('fails fast: few calls reach the engines, every item is a typed failure, and all is well afterwards', async () => {
    const engines: BreakableEngine[] = [];
    await using stack = new AsyncDisposableStack();
    for (let n = 0; n < 3; n += 1) engines.push(stack.use(await startBreakableEngine()));
    await using fleet = await startFleet(engines.map(({ url }) => url));
    for (const engine of engines) {
      engine.forget();
      engine.breakWith(says(500, 'boom'));
    }
    const { labels, failures } = summaryOf(await fleet.judgeMany(120));
    expect({ labels, failures: failures.length }).toEqual({ labels: 0, failures: 120 });
    const calls = engines.reduce((sum, engine) => sum + engine.calls().length, 0);
    expect(calls).toBeLessThan(120);
    for (const engine of engines) engine.mend();
    let recovered = 0;
    for (let n = 0; recovered < 3; n += 1)
      recovered = (await fleet.judge(2_000 + n)).label === null ? 0 : recovered + 1;
    expect(summaryOf(await fleet.judgeMany(100, {}, 5_000))).toMatchObject({ labels: 100, failures: [] });
  });
});
