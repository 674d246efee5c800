import { describe, expect, it } from 'vitest';
import { createCallStarter } from '../../src/resilience/deadline.ts';
import { manualClock } from '../fakes/clock.ts';
import { startTestGateway } from '../fakes/gateway.ts';
import { openSocket, readAll, readUntil } from '../fakes/raw-http.ts';

const HEAD =
  'POST /v1/feedback/preferences HTTP/1.1\r\nhost: x\r\nauthorization: Bearer key-all\r\nexpect: 100-continue\r\n' +
  'x-request-id: slow\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n';

describe('a body that does not come', () => {
  it('is answered 408 after half a minute and not before, and the connection is closed', async () => {
    const clock = manualClock();
    await using gateway = await startTestGateway([], { clock, calls: createCallStarter(clock) });
    const socket = await openSocket(gateway.port);
    socket.write(HEAD);
    await readUntil(socket, /100 Continue/);
    socket.write('{"items"');
    clock.advance(29_000);
    expect(gateway.lines).toEqual([]);
    clock.advance(2_500);
    const answer = await readAll(socket);
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    expect(answer).toContain('"code":"request_timeout"');
    expect((await gateway.logged('slow')).fields).toMatchObject({ status: 408, error: 'request_timeout' });
  });

  it('does not keep the gateway from closing', async () => {
    const gateway = await startTestGateway([], { drainMs: 0 });
    const socket = await openSocket(gateway.port);
    socket.write(HEAD);
    await readUntil(socket, /100 Continue/);
    await gateway[Symbol.asyncDispose]();
    expect(await readAll(socket)).toMatch(/^(|HTTP\/1\.1 5)/);
  });
});
