import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { refuseRaw } from '../../../src/http/client-error.ts';
import { countingRandom, manualClock } from '../../fakes/clock.ts';

function failed(code: string): Error {
  return Object.assign(new Error('refused'), { code });
}

function refusal(code: string): Promise<string> {
  const socket = new PassThrough();
  const written = text(socket);
  refuseRaw(failed(code), socket, { clock: manualClock(), random: countingRandom() });
  return written;
}

describe('what never became a request', () => {
  it.each([
    ['ERR_HTTP_REQUEST_TIMEOUT', '408 Request Timeout', 'request_timeout'],
    ['HPE_HEADER_OVERFLOW', '431 Request Header Fields Too Large', 'invalid_request'],
    ['HPE_CHUNK_EXTENSIONS_OVERFLOW', '413 Payload Too Large', 'request_too_large'],
    ['HPE_INVALID_METHOD', '400 Bad Request', 'invalid_request'],
  ])('%s is answered with %s in the envelope', async (code, status, errorCode) => {
    const [head = '', body = ''] = (await refusal(code)).split('\r\n\r\n');
    expect(head.split('\r\n')).toEqual([
      `HTTP/1.1 ${status}`,
      'content-type: application/json; charset=utf-8',
      `content-length: ${body.length}`,
      'x-request-id: req_1',
      'connection: close',
    ]);
    expect(JSON.parse(body)).toMatchObject({ error: { code: errorCode, param: null } });
  });

  it('is not answered when the client is gone', async () => {
    const socket = new PassThrough();
    refuseRaw(failed('ECONNRESET'), socket, { clock: manualClock(), random: countingRandom() });
    expect(socket.destroyed).toBe(true);
    expect(socket.read()).toBeNull();
  });

  it('is answered once, however much follows, and cut off after two seconds', () => {
    const socket = new PassThrough();
    const clock = manualClock();
    const deps = { clock, random: countingRandom() };
    refuseRaw(failed('HPE_INVALID_METHOD'), socket, deps);
    const answered = socket.readableLength;
    refuseRaw(failed('HPE_INVALID_METHOD'), socket, deps);
    clock.advance(1999);
    expect([socket.readableLength, socket.destroyed]).toEqual([answered, false]);
    clock.advance(1);
    expect(socket.destroyed).toBe(true);
  });
});
