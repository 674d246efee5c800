import { need } from './compose-parts.ts';
import { loadTemplates } from './config/templates.ts';
import type { PromptCheck } from './contracts/prompts.ts';
import { type PromptTemplate, templateId } from './domain/template.ts';
import { lintTemplate } from './judging/prompt-lint.ts';

/** Checks the templates of a folder, or the built-in ones for null. Throws `ConfigError` for files that are none. */
export function checkPrompts(builtIn: string, directory: string | null): PromptCheck {
  const own = templatesIn([builtIn]);
  const all = directory === null ? own : templatesIn([builtIn, directory]);
  const templates = directory === null ? own : new Map([...all].filter(([id]) => !own.has(id)));
  return { templates: [...templates.keys()], findings: [...templates.values()].flatMap(lintTemplate) };
}

/** Each once, by `name@version`. */
function templatesIn(directories: readonly string[]): Map<string, PromptTemplate> {
  const set = loadTemplates(directories);
  const found = set.references.map((reference) => need(set.find(reference), reference));
  return new Map(found.map((template) => [templateId(template), template]));
}
