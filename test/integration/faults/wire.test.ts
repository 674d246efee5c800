import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import {
  answerEvents,
  answerJson,
  type Script,
  USAGE_CHUNK,
  writeEvents,
} from '../../fakes/scripted-engine.ts';
import { startBreakableEngine } from './breakable-engine.ts';
import { startFleet, summaryOf } from './fleet.ts';
import { LABEL_CHUNK } from './label-answer.ts';

const EVENTS = [LABEL_CHUNK, USAGE_CHUNK].map((event) => `data: ${JSON.stringify(event)}\n\n`).join('');

const EVENT_HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n';
const CHUNKED = `${EVENT_HEAD}transfer-encoding: chunked\r\n\r\n`;

/** Writes bytes as they are and closes the connection in an orderly way (FIN). */
const raw =
  (bytes: string): Script =>
  (_, response) => {
    response.socket?.end(bytes);
  };
const chunk = (text: string): string => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;

/** Resets the connection after the bytes have left. */
function reset(response: ServerResponse, bytes: string): void {
  const { socket } = response;
  socket?.write(bytes, () => socket.resetAndDestroy());
}

const choice = (fields: Record<string, unknown>): Record<string, unknown> => ({
  ...LABEL_CHUNK,
  choices: [{ ...(LABEL_CHUNK['choices'] as readonly object[])[0], ...fields }],
});

const FAULTS: readonly (readonly [name: string, script: Script, message: string])[] = [
  ['RST before the head', (_, response) => reset(response, ''), 'broke before it answered'],
  ['FIN before the head', raw(''), 'broke before it answered'],
  ['RST after the head', (_, response) => reset(response, CHUNKED), 'broke in the middle of its answer'],
  [
    'RST after a whole answer but for its marker',
    (_, response) => reset(response, CHUNKED + chunk(EVENTS)),
    'broke in the middle of its answer',
  ],
  [
    'FIN in the middle of a chunk',
    raw(CHUNKED + chunk(EVENTS).slice(0, -20)),
    'broke in the middle of its answer',
  ],
  ['a body that ends with its connection', raw(`${EVENT_HEAD}\r\n${EVENTS}`), 'ended before its end marker'],
  [
    'a body shorter than it was said to be',
    raw(`${EVENT_HEAD}content-length: 100000\r\n\r\n${EVENTS}`),
    'broke in the middle of its answer',
  ],
  [
    'SSE without an end marker',
    (_, response) => {
      writeEvents(response, [LABEL_CHUNK, USAGE_CHUNK]);
      response.end();
    },
    'ended before its end marker',
  ],
  ['no HTTP', raw('SSH-2.0-OpenSSH_9.2\r\n'), 'did not answer in valid HTTP'],
  ['a chunk size that is none', raw(`${CHUNKED}zz\r\n`), 'valid HTTP'],
  [
    'length and chunks at once',
    raw(`${EVENT_HEAD}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n${chunk(EVENTS)}`),
    'valid HTTP',
  ],
  ['a head of 40 kB', raw(`${EVENT_HEAD}x: ${'y'.repeat(40_000)}\r\n\r\n`), 'valid HTTP'],
  [
    'HTML with status 200',
    (_, response) => {
      response.writeHead(200, { 'content-type': 'text/html' });
      response.end('<html><body>welcome to nginx</body></html>');
    },
    'did not answer with an event stream',
  ],
  ['JSON where a stream was asked for', (_, response) => answerJson(response, 200, {}), 'event stream'],
  ['events that are no JSON', (_, response) => answerEvents(response, ['{"choices":[']), 'no JSON'],
  [
    'an error event and the end marker',
    (_, response) => answerEvents(response, [{ error: { message: 'EngineCore encountered an issue.' } }]),
    'the engine process died',
  ],
  [
    'an answer that was given up',
    (_, response) => answerEvents(response, [choice({ finish_reason: 'abort' }), USAGE_CHUNK]),
    'gave up its answer',
  ],
  [
    'an end marker before the choice had finished',
    (_, response) => answerEvents(response, [choice({ finish_reason: null }), USAGE_CHUNK]),
    'before every choice had finished',
  ],
  ['nothing but the end marker', (_, response) => answerEvents(response, []), 'before every choice'],
];

describe.concurrent.each(FAULTS)('%s', (_, script, message) => {
  it('from one of three replicas costs no label', async () => {
    await using broken = await startBreakableEngine();
    await using second = await startBreakableEngine();
    await using third = await startBreakableEngine();
    await using fleet = await startFleet([broken.url, second.url, third.url]);
    for (const engine of [broken, second, third]) engine.forget();
    broken.breakWith(script);
    const verdicts = await fleet.judgeMany(32);
    expect(summaryOf(verdicts)).toMatchObject({ labels: 32, failures: [] });
    expect(verdicts.some(({ trail }) => trail.some(({ attempts }) => attempts > 1))).toBe(true);
    expect(verdicts.every(({ trail }) => trail.every(({ replica }) => replica !== 'small/0'))).toBe(true);
    expect(second.calls().length + third.calls().length).toBe(32);
    expect(await fleet.reasons()).toEqual([expect.stringContaining(message)]);
  });

  it('from the only one is a typed failure without a label', async () => {
    await using broken = await startBreakableEngine();
    await using fleet = await startFleet([broken.url]);
    broken.breakWith(script);
    const { outcome, label, error } = await fleet.judge(1);
    expect({ outcome, label, code: error?.code }).toEqual({
      outcome: 'engine_failed',
      label: null,
      code: 'engine_error',
    });
    expect(error?.message).toContain(message);
  });
});
