import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { z } from 'zod';

/** A real Prometheus that scrapes one target, with rules of a file. */
export interface PrometheusProcess extends AsyncDisposable {
  /** The values of an instant query, one for each series. Throws for a query that it does not understand. */
  query(expr: string): Promise<readonly QueriedSeries[]>;
  /** Names of the rules that it took, by their health. */
  rules(): Promise<readonly { readonly name: string; readonly health: string }[]>;
}

export interface QueriedSeries {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const queryReply = z.object({
  data: z.object({
    result: z.array(
      z.object({ metric: z.record(z.string(), z.string()), value: z.tuple([z.number(), z.string()]) }),
    ),
  }),
});
const rulesReply = z.object({
  data: z.object({
    groups: z.array(z.object({ rules: z.array(z.object({ name: z.string(), health: z.string() })) })),
  }),
});

/** Needs `prometheus` on the path. `target` is `host:port`, `rules` a file. */
export async function startPrometheus(target: string, rules: string): Promise<PrometheusProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'assay-prometheus-'));
  const config = join(folder, 'prometheus.yaml');
  const global = { scrape_interval: '250ms', scrape_timeout: '250ms', evaluation_interval: '1s' };
  const scrape = { job_name: 'assay', static_configs: [{ targets: [target] }] };
  writeFileSync(config, stringify({ global, rule_files: [rules], scrape_configs: [scrape] }));
  const address = `127.0.0.1:${await freePort()}`;
  const child = spawn(
    'prometheus',
    [
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=${address}`,
    ],
    { stdio: 'ignore' },
  );
  const close = async (): Promise<void> => {
    await stop(child);
    rmSync(folder, { recursive: true });
  };
  const get = async (path: string): Promise<unknown> => {
    const reply = await fetch(`http://${address}${path}`);
    if (!reply.ok) throw new Error(`${path}: ${reply.status} ${await reply.text()}`);
    return reply.json();
  };
  await Promise.race([isReady(address), ended(child)]);
  return {
    async query(expr) {
      const reply = queryReply.parse(await get(`/api/v1/query?query=${encodeURIComponent(expr)}`));
      return reply.data.result.map(({ metric, value: [, text] }) => ({
        labels: metric,
        value: Number(text),
      }));
    },
    async rules() {
      const reply = rulesReply.parse(await get('/api/v1/rules'));
      return reply.data.groups.flatMap((group) => group.rules);
    },
    [Symbol.asyncDispose]: close,
  };
}

async function isReady(address: string): Promise<void> {
  for (;;) {
    const reply = await fetch(`http://${address}/-/ready`).catch(() => null);
    if (reply?.ok === true) return;
  }
}

async function ended(child: ChildProcess): Promise<never> {
  // Without the program there is an error in place of an exit.
  const [code] = await once(child, 'exit');
  throw new Error(`prometheus ended with ${String(code)}`);
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  await exit;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = z.object({ port: z.int() }).parse(server.address());
  server.close();
  await once(server, 'close');
  return port;
}
