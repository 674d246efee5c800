import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventReply, type EventSink } from '../../../../src/engines/openai/event-reply.ts';

interface Told {
  readonly events: string[];
  readonly log: string[];
}

function read(
  chunks: readonly Buffer[],
  status = 200,
  contentType = 'text/event-stream; charset=utf-8',
): Told {
  const events: string[] = [];
  const log: string[] = [];
  const sink: EventSink = {
    onAccepted: () => log.push('accepted'),
    onEvent: (data) => events.push(data),
    onEnd: () => log.push('end'),
    onFailure: (failure) => log.push(`failure ${failure.code}`),
  };
  const reply = new EventReply(sink);
  reply.onHead(status, contentType);
  for (const chunk of chunks) reply.onData(chunk);
  reply.onEnd();
  return { events, log };
}

describe('reading an event stream', () => {
  it('gives the same events however the bytes are cut', () => {
    const stream = Buffer.from(
      ': ping\r\n\r\ndata: {"text":"§東🙂"}\r\n\r\nevent: x\ndata: one\ndata: two\n\ndata:[DONE]\n\n',
    );
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(stream.length - 1), { maxLength: 12 }), (cuts) => {
        const edges = [0, ...cuts.sort((x, y) => x - y), stream.length];
        const chunks = edges.slice(1).map((edge, i) => stream.subarray(edges[i], edge));
        expect(read(chunks)).toEqual({
          events: ['{"text":"§東🙂"}', 'one\ntwo', '[DONE]'],
          log: ['accepted', 'end'],
        });
      }),
    );
  });

  it('takes a last event without its blank line', () => {
    expect(read([Buffer.from('data: 1\n\ndata: [DONE]')]).events).toEqual(['1', '[DONE]']);
  });

  it.each([
    [503, 'application/json', '{"error":{"message":"busy"}}', 'failure overloaded'],
    [200, 'application/json', '{"object":"chat.completion"}', 'failure engine_error'],
    [500, 'text/event-stream', 'data: 1\n\n', 'failure engine_error'],
  ])('status %i with %s is a failure', (status, contentType, body, expected) => {
    expect(read([Buffer.from(body)], status, contentType)).toEqual({ events: [], log: [expected] });
  });
});
