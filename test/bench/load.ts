import { connect, type Socket } from 'node:net';

/**
 * The closed-loop load generator, a process of its own: each connection sends its next request when the
 * last reply is complete. Raw sockets and one prepared request keep it cheap, as it shares the machine with
 * what it measures. It takes one order at a time over IPC and answers each with a report.
 */
export interface LoadOrder {
  readonly port: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly connections: number;
  /** The load ends after this time or this many requests, whichever comes first. */
  readonly milliseconds: number;
  readonly maxRequests: number;
  /** A reply without this text, or whose status is not 200, is a failure. */
  readonly expect: string;
}

export interface LoadReport {
  readonly requests: number;
  readonly failures: number;
  /** The first reply that failed, for the message; null when none did. */
  readonly firstFailure: string | null;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly cpuUsPerRequest: number;
}

interface Run {
  readonly order: LoadOrder;
  readonly request: Buffer;
  readonly stopAt: number;
  started: number;
  failures: number;
  firstFailure: string | null;
  readonly latencies: number[];
}

const END_OF_HEAD = Buffer.from('\r\n\r\n');
const END_OF_CHUNKS = Buffer.from('\r\n0\r\n\r\n');

async function run(order: LoadOrder): Promise<LoadReport> {
  const begin = performance.now();
  const cpu = process.cpuUsage();
  const state: Run = {
    order,
    request: requestOf(order),
    stopAt: begin + order.milliseconds,
    started: 0,
    failures: 0,
    firstFailure: null,
    latencies: [],
  };
  await Promise.all(Array.from({ length: order.connections }, () => loop(state)));
  const seconds = (performance.now() - begin) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const sorted = Float64Array.from(state.latencies).toSorted();
  return {
    requests: sorted.length,
    failures: state.failures,
    firstFailure: state.firstFailure,
    perSecond: sorted.length / seconds,
    p50Ms: quantile(sorted, 0.5),
    p99Ms: quantile(sorted, 0.99),
    cpuUsPerRequest: (user + system) / sorted.length,
  };
}

function requestOf(order: LoadOrder): Buffer {
  const headers = {
    host: `127.0.0.1:${order.port}`,
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(order.body)),
    ...order.headers,
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`POST ${order.path} HTTP/1.1\r\n${lines.join('')}\r\n${order.body}`);
}

/** One connection; resolves when its share of the load is over. */
function loop(run: Run): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port: run.order.port, noDelay: true });
    let reply: Buffer = Buffer.alloc(0);
    let sentAt = 0;
    const next = (): void => {
      sentAt = performance.now();
      if (sentAt >= run.stopAt || run.started >= run.order.maxRequests) return finish(socket, resolve);
      run.started += 1;
      socket.write(run.request);
    };
    socket.on('connect', next);
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('the server closed a connection in the middle of the load')));
    socket.on('data', (chunk: Buffer) => {
      reply = reply.length === 0 ? chunk : Buffer.concat([reply, chunk]);
      if (!isComplete(reply)) return;
      run.latencies.push(performance.now() - sentAt);
      check(run, reply);
      reply = Buffer.alloc(0);
      next();
    });
  });
}

function finish(socket: Socket, resolve: () => void): void {
  socket.removeAllListeners('close');
  socket.destroy();
  resolve();
}

/** Requests are not pipelined, so a reply that ends as a reply must is whole. */
function isComplete(reply: Buffer): boolean {
  const head = reply.indexOf(END_OF_HEAD);
  if (head < 0) return false;
  const length = /\r\ncontent-length: *(\d+)/i.exec(reply.toString('latin1', 0, head));
  if (length === null) return reply.subarray(-END_OF_CHUNKS.length).equals(END_OF_CHUNKS);
  return reply.length >= head + END_OF_HEAD.length + Number(length[1]);
}

function check(run: Run, reply: Buffer): void {
  if (reply.toString('latin1', 9, 12) === '200' && reply.includes(run.order.expect)) return;
  run.failures += 1;
  run.firstFailure ??= reply.toString('utf8', 0, 2000);
}

function quantile(sorted: Float64Array, q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;
}

process.on('message', (order: LoadOrder) => {
  run(order).then(
    (report) => process.send?.(report),
    (error: unknown) => {
      throw error;
    },
  );
});
process.on('disconnect', () => process.exit(0));
