import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { createProgram } from '../../src/compose.ts';
import type { RunningGateway } from '../../src/contracts/program.ts';

/** A ready gateway on a free port, from a configuration file written into the folder; whoever asks closes it. */
export async function serveConfig(folder: string, config: unknown): Promise<RunningGateway> {
  const path = join(folder, 'assay.yaml');
  writeFileSync(path, stringify(config));
  const gateway = await createProgram({}).serve({
    source: { type: 'file', path },
    host: '127.0.0.1',
    port: 0,
    log: false,
  });
  await gateway.ready(20_000);
  return gateway;
}
