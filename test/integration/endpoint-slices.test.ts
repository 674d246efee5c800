import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Place } from '../../src/pool/discovery.ts';
import { createEndpointSliceDiscovery } from '../../src/pool/kubernetes/endpoint-slices.ts';
import { createSystemClock } from '../../src/telemetry/system-clock.ts';
import { countingRandom } from '../fakes/clock.ts';

interface Watch {
  readonly version: string | null;
  readonly response: ServerResponse;
}

/** As much of a Kubernetes API server as a watcher of EndpointSlices sees. */
class FakeApi {
  readonly lists: IncomingMessage[] = [];
  readonly watches: Watch[] = [];
  slices: object[] = [];
  status = 200;
  #server: Server = createServer((request, response) => this.#answer(request, response));

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    // A server that listens on a port has an address of this kind.
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Resolves with the nth watch, from 0. */
  async watch(n: number): Promise<Watch> {
    return vi.waitFor(
      () => {
        const watch = this.watches[n];
        if (watch === undefined) throw new Error('no such watch yet');
        return watch;
      },
      { timeout: 10_000 },
    );
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '', 'http://api');
    response.setHeader('content-type', 'application/json');
    if (this.status !== 200) {
      response.writeHead(this.status).end('{"kind":"Status","message":"no"}');
      return;
    }
    if (url.searchParams.get('watch') === null) {
      this.lists.push(request);
      const metadata = { resourceVersion: String(100 * this.lists.length) };
      response.end(JSON.stringify({ kind: 'EndpointSliceList', metadata, items: this.slices }));
      return;
    }
    response.writeHead(200);
    response.flushHeaders();
    this.watches.push({ version: url.searchParams.get('resourceVersion'), response });
  }
}

function slice(version: string, pods: Readonly<Record<string, object>>, name = 'judge-abc'): object {
  return {
    metadata: { name, resourceVersion: version },
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 8000 }],
    endpoints: Object.entries(pods).map(([pod, conditions], index) => ({
      addresses: [`10.0.0.${index + 1}`],
      conditions,
      targetRef: { kind: 'Pod', name: pod },
    })),
  };
}

const READY = { ready: true, serving: true, terminating: false };

describe('replicas from EndpointSlices', () => {
  const folder = mkdtempSync(join(tmpdir(), 'assay-slices-'));
  const tokenFile = join(folder, 'token');
  let api: FakeApi;
  let stop: () => void = () => undefined;
  const told: (readonly Place[])[] = [];
  const names = (): (string | undefined)[] | undefined => told.at(-1)?.map(({ name }) => name);

  beforeEach(async () => {
    told.length = 0;
    writeFileSync(tokenFile, 'token-1\n');
    api = new FakeApi();
    api.slices = [slice('1', { 'judge-0': READY, 'judge-1': READY })];
    const server = await api.start();
    const nothing = (): void => undefined;
    stop = createEndpointSliceDiscovery({
      server,
      tokenFile,
      namespace: 'ai',
      service: 'judge',
      scheme: 'http',
      port: 'http',
      clock: createSystemClock(),
      random: countingRandom(),
      logger: { info: nothing, warn: nothing, error: nothing, flush: nothing },
    }).watch((places) => told.push(places));
  });
  afterEach(async () => {
    stop();
    await api.stop();
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('lists the pods of a service and watches from that version on', async () => {
    const { version } = await api.watch(0);
    expect(version).toBe('100');
    expect(told.at(-1)).toEqual([
      { url: 'http://10.0.0.1:8000', name: 'judge-0' },
      { url: 'http://10.0.0.2:8000', name: 'judge-1' },
    ]);
    expect(api.lists[0]?.headers.authorization).toBe('Bearer token-1');
    expect(api.lists[0]?.url).toContain(
      '/namespaces/ai/endpointslices?labelSelector=kubernetes.io%2Fservice-name%3Djudge',
    );
  });

  it('hears of pods that come, are not ready or terminate, also when an event comes in pieces', async () => {
    const { response } = await api.watch(0);
    const grown = { 'judge-0': { ...READY, terminating: true }, 'judge-1': READY, 'judge-2': READY };
    const event = `${JSON.stringify({ type: 'MODIFIED', object: slice('101', grown) })}\n`;
    response.write(event.slice(0, 40));
    response.write(event.slice(40));
    await expect.poll(names).toEqual(['judge-1', 'judge-2']);
    const unready = { 'judge-1': { ready: false }, 'judge-2': READY };
    response.write(`${JSON.stringify({ type: 'MODIFIED', object: slice('102', unready) })}\n`);
    await expect.poll(names).toEqual(['judge-2']);
  });

  it('goes on from the last version when the watch ends, and lists anew after 410', async () => {
    const first = await api.watch(0);
    first.response.write(
      `${JSON.stringify({ type: 'MODIFIED', object: slice('105', { 'judge-1': READY }) })}\n`,
    );
    await expect.poll(names).toEqual(['judge-1']);
    first.response.end();
    const second = await api.watch(1);
    expect(second.version).toBe('105');
    expect(api.lists).toHaveLength(1);
    api.slices = [slice('300', { 'judge-7': READY })];
    second.response.write(
      `${JSON.stringify({ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } })}\n`,
    );
    const third = await api.watch(2);
    expect(third.version).toBe('200');
    expect(names()).toEqual(['judge-7']);
  });

  it('keeps what it knows while the server refuses, and reads its token anew', async () => {
    const { response } = await api.watch(0);
    api.status = 401;
    writeFileSync(tokenFile, 'token-2\n');
    response.destroy();
    expect(names()).toEqual(['judge-0', 'judge-1']);
    api.status = 200;
    await api.watch(1);
    expect(names()).toEqual(['judge-0', 'judge-1']);
  });
});
