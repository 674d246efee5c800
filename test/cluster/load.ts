import { readFileSync } from 'node:fs';
import { Pool } from 'undici';
import { z } from 'zod';

/**
 * load.ts URL PAIRS SECONDS CLIENTS: asks the gateway at URL for labels over kept connections, as a trainer
 * does, and never twice. Prints {sent, ok, failed, failures} when it was told to end (SIGTERM) or SECONDS are over.
 */
const [url = '', pairsFile = '', seconds = '60', clients = '8'] = process.argv.slice(2);
const pairSchema = z.object({ prompt: z.string(), candidates: z.array(z.string()).length(2) });
const pairs = readFileSync(pairsFile, 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => pairSchema.parse(JSON.parse(line)));
const pool = new Pool(url, { connections: Number(clients), pipelining: 1 });
const until = performance.now() + Number(seconds) * 1_000;
const tally = { sent: 0, ok: 0, failed: 0, failures: new Map<string, number>() };
let isOver = false;
process.on('SIGTERM', () => {
  isOver = true;
});

function failed(why: string): void {
  tally.failed += 1;
  tally.failures.set(why, (tally.failures.get(why) ?? 0) + 1);
}

async function ask(): Promise<void> {
  const pair = pairs[tally.sent % pairs.length];
  // A pair of its own each time, so that no label comes from the cache.
  const item = { ...pair, prompt: `[${tally.sent++}] ${pair?.prompt}` };
  try {
    const { statusCode, body } = await pool.request({
      method: 'POST',
      path: '/v1/feedback/preferences',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ items: [item] }),
    });
    const text = await body.text();
    if (statusCode !== 200) failed(`status ${statusCode}: ${text.slice(0, 120)}`);
    else if (text.includes('"label":null')) failed(/"outcome":"\w+"/.exec(text)?.[0] ?? 'no verdict');
    else tally.ok += 1;
  } catch (error) {
    failed(String(error));
  }
}

async function client(): Promise<void> {
  while (!isOver && performance.now() < until) await ask();
}

await Promise.all(Array.from({ length: Number(clients) }, () => client()));
await pool.close();
process.stdout.write(`${JSON.stringify({ ...tally, failures: Object.fromEntries(tally.failures) })}\n`);
