import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runHelm } from '../../helm/helm.ts';
import {
  GOLDEN,
  shorten,
  SOURCES,
  sourcesHash,
  templateArguments,
  valueSets,
} from '../../helm/value-sets.ts';

/** Writes the committed renders of the chart anew (`npm run chart:golden`), with helm 4. */
mkdirSync(GOLDEN, { recursive: true });
for (const old of readdirSync(GOLDEN)) rmSync(join(GOLDEN, old));
for (const [name, file] of valueSets()) {
  const { ok, stdout, stderr } = runHelm('helm4', templateArguments(file));
  if (!ok) throw new Error(`${name}: ${stderr}`);
  writeFileSync(join(GOLDEN, `${name}.yaml`), shorten(stdout));
}
writeFileSync(SOURCES, `${sourcesHash()}\n`);
console.log(`wrote ${valueSets().size} renders`);
