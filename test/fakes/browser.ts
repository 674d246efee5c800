import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';

/** One page of a Chromium of this machine without a window. */
export interface Browser extends AsyncDisposable {
  open(url: string): Promise<void>;
  /** Value of a JavaScript expression in the page, as JSON carries it. */
  evaluate(expression: string): Promise<unknown>;
  /** Evaluates again until it is true. */
  until(expression: string): Promise<void>;
  /** Errors and refusals that the page's console has told. */
  readonly complaints: readonly string[];
}

const targetSchema = z.array(z.object({ type: z.string(), webSocketDebuggerUrl: z.string() }));
const messageSchema = z.looseObject({
  id: z.number().optional(),
  method: z.string().optional(),
  params: z.unknown().optional(),
  result: z.unknown().optional(),
});
const valueSchema = z.object({ result: z.looseObject({ value: z.unknown().optional() }) });

export async function startBrowser(): Promise<Browser> {
  const folder = mkdtempSync(join(tmpdir(), 'assay-browser-'));
  const flags = [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--remote-debugging-port=0',
    '--window-size=1300,1600',
  ];
  const child = spawn('chromium', [...flags, `--user-data-dir=${folder}`, 'about:blank'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const port = await portOf(child.stderr);
  const page = await pageOf(port);
  const socket = new WebSocket(page);
  await once(socket, 'open');
  const waiting = new Map<number, (result: unknown) => void>();
  const complaints: string[] = [];
  socket.addEventListener('message', ({ data }) => {
    const { id, method, params, result } = messageSchema.parse(JSON.parse(String(data)));
    if (id !== undefined) waiting.get(id)?.(result);
    else if (method === 'Log.entryAdded' || method === 'Runtime.exceptionThrown')
      complaints.push(JSON.stringify(params));
  });
  let calls = 0;
  const call = (method: string, params: object = {}): Promise<unknown> =>
    new Promise((resolve) => {
      calls += 1;
      waiting.set(calls, resolve);
      socket.send(JSON.stringify({ id: calls, method, params }));
    });
  await Promise.all(['Log.enable', 'Runtime.enable', 'Page.enable'].map((method) => call(method)));
  const evaluate = async (expression: string): Promise<unknown> =>
    valueSchema.parse(await call('Runtime.evaluate', { expression, returnByValue: true })).result.value;
  return {
    complaints,
    evaluate,
    open: async (url) => void (await call('Page.navigate', { url })),
    async until(expression) {
      while ((await evaluate(expression)) !== true) await delay(50);
    },
    async [Symbol.asyncDispose]() {
      socket.close();
      const exit = once(child, 'exit');
      child.kill('SIGKILL');
      await exit;
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

async function portOf(stderr: NodeJS.ReadableStream): Promise<number> {
  for await (const line of createInterface({ input: stderr })) {
    const [, port] = /DevTools listening on ws:\/\/127\.0\.0\.1:(\d+)/.exec(line) ?? [];
    if (port !== undefined) {
      stderr.resume();
      return Number(port);
    }
  }
  throw new Error('chromium ended before it listened');
}

async function pageOf(port: number): Promise<string> {
  for (;;) {
    const targets = targetSchema.parse(await (await fetch(`http://127.0.0.1:${port}/json/list`)).json());
    const page = targets.find(({ type }) => type === 'page');
    if (page !== undefined) return page.webSocketDebuggerUrl;
    await delay(20);
  }
}
