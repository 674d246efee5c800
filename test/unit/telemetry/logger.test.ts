import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const room = join(import.meta.dirname, '../../../src/telemetry/logger.ts');

/** Runs a script in a process of its own, as the log goes to its stderr, and gives back the lines. */
function linesOf(script: string): Record<string, unknown>[] {
  const code = `import { createLogger } from ${JSON.stringify(room)}; ${script}`;
  const { stderr, status } = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
    encoding: 'utf8',
  });
  expect(status).toBe(0);
  return stderr
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

describe('the log', () => {
  it('writes JSON lines with a level, a time, fields and a message', () => {
    const [line, ...others] = linesOf(
      `const log = createLogger('info'); log.info({ engine: 'small' }, 'replica is ready'); log.flush();`,
    );
    expect(line).toEqual({
      level: 'info',
      time: expect.any(Number),
      engine: 'small',
      msg: 'replica is ready',
    });
    expect(others).toEqual([]);
  });

  it('keeps to its level', () => {
    const lines = linesOf(
      `const log = createLogger('warn'); log.info({}, 'a'); log.warn({}, 'b'); log.error({}, 'c'); log.flush();`,
    );
    expect(lines.map((line) => line['msg'])).toEqual(['b', 'c']);
  });

  it('hides what must never be in it, should it get there', () => {
    const [line] = linesOf(
      `const log = createLogger('info'); log.error({ apiKey: 'k', prompt: 'p', body: 'b', code: 'x' }, 'm'); log.flush();`,
    );
    expect(line).toMatchObject({
      apiKey: '[Redacted]',
      prompt: '[Redacted]',
      body: '[Redacted]',
      code: 'x',
    });
  });

  it('loses nothing of many lines', () => {
    const lines = linesOf(
      `const log = createLogger('info'); for (let i = 0; i < 1000; i += 1) log.info({ i }, 'line'); log.flush();`,
    );
    expect(lines.map((line) => line['i'])).toEqual(Array.from({ length: 1000 }, (_, i) => i));
  });
});
