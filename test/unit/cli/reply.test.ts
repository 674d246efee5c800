import { describe, expect, it } from 'vitest';
import { readReply } from '../../../src/cli/label/reply.ts';
import { envelope } from '../../fakes/fake-gateway.ts';

const http = (status: number, body: unknown) => {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return readReply({ type: 'http', status, retryAfterMs: 0, text });
};

describe('a reply', () => {
  it.each([
    [503, envelope('draining', 'm'), { type: 'retry', throttled: false, failure: { code: 'draining' } }],
    [500, envelope('internal', 'm'), { type: 'retry', throttled: false, failure: { code: 'internal' } }],
    [
      504,
      'no JSON',
      { type: 'retry', throttled: false, failure: { code: 'engine_unavailable', message: 'HTTP 504' } },
    ],
    [429, '', { type: 'retry', throttled: true, failure: { code: 'overloaded' } }],
    [408, envelope('request_timeout', 'm'), { type: 'retry', throttled: false }],
    [502, envelope('refused', 'm'), { type: 'failed', failure: { code: 'refused', message: 'm' } }],
    [400, envelope('context_overflow', 'm'), { type: 'failed', failure: { code: 'context_overflow' } }],
    [413, envelope('request_too_large', 'm'), { type: 'failed', failure: { code: 'invalid_request' } }],
    [400, envelope('from_the_future', 'm'), { type: 'failed', failure: { code: 'invalid_request' } }],
    [401, 'no JSON', { type: 'stop' }],
    [301, '', { type: 'stop' }],
    [200, { data: [] }, { type: 'stop' }],
  ])('HTTP %i %j', (status, body, expected) => {
    expect(http(status, body)).toMatchObject(expected);
  });

  it('that never came is worth another try', () => {
    expect(readReply({ type: 'broken', reason: 'ECONNRESET' })).toEqual({
      type: 'retry',
      throttled: false,
      failure: { code: 'engine_unavailable', message: 'ECONNRESET', param: null },
    });
  });
});
