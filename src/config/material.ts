import { resolve } from 'node:path';
import { z } from 'zod';
import type { Rubric } from '../domain/rubric.ts';
import type { Constitution } from '../domain/constitution.ts';
import { loadConstitutions } from './constitutions.ts';
import { loadRubrics } from './rubrics.ts';
import { configSchema } from './schema.ts';

/** What judges are guided by and that stands in files of its own. */
export interface Material {
  /** Inline ones and those of files, by `name@version`. */
  readonly rubrics: ReadonlyMap<string, Rubric>;
  /** By `name@version`, and the newest by its name alone. */
  readonly constitutions: ReadonlyMap<string, Constitution>;
}

/** Reads the folders that the data names; looks at the data loosely, as other parts of it may be wrong. */
export function loadMaterial(data: unknown, directory: string): Material {
  const rubricFolder = folderOf(data, 'rubricFiles', directory);
  const constitutionFolder = folderOf(data, 'constitutions', directory);
  const filed = rubricFolder === null ? [] : loadRubrics(rubricFolder);
  return {
    rubrics: new Map([...inlineRubrics(data), ...filed]),
    constitutions: constitutionFolder === null ? new Map() : loadConstitutions(constitutionFolder),
  };
}

/** The folder that a section names; null when it names none. */
export function folderOf(
  data: unknown,
  section: 'prompts' | 'rubricFiles' | 'constitutions',
  directory: string,
): string | null {
  const read = configSchema.shape[section].safeParse(Reflect.get(Object(data), section) ?? {});
  const named = read.success ? read.data.directory : undefined;
  return named === undefined ? null : resolve(directory, named);
}

const inline = z.looseObject({
  rubrics: z.record(z.string(), z.looseObject({ text: z.string() })).catch({}),
});

function inlineRubrics(data: unknown): [string, Rubric][] {
  const read = inline.safeParse(data);
  if (!read.success) return [];
  return Object.entries(read.data.rubrics).map(([id, { text }]) => [id, { id, text }]);
}
