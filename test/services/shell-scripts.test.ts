import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');

it('shellcheck finds nothing in any shell script', () => {
  const listed = execFileSync('git', ['grep', '-lE', '^#!.*sh$'], { cwd: ROOT, encoding: 'utf8' });
  const scripts = listed.trim().split('\n');
  expect(scripts).toEqual(
    expect.arrayContaining(['.ci/run', 'deploy/assemble.sh', 'test/live/triton/run.sh']),
  );
  const { error, stdout } = spawnSync('shellcheck', scripts, { cwd: ROOT, encoding: 'utf8' });
  expect([error, stdout]).toEqual([undefined, '']);
});
