import type { ValueProblem } from './references.ts';
import type { TemplateSet } from './templates.ts';

/** Judges and engines as this check reads them. */
export interface SeveralNames {
  readonly engines: Readonly<Record<string, { readonly kind?: string | undefined }>>;
  readonly judges: Readonly<
    Record<
      string,
      {
        readonly engine?: string | undefined;
        readonly prompt?: string | undefined;
        readonly itemsPerPrompt?: number | undefined;
      }
    >
  >;
}

/** Checks that a judge of several items in one prompt has a prompt and an engine that can do it, and no other one. */
export function severalProblems({ engines, judges }: SeveralNames, templates: TemplateSet): ValueProblem[] {
  return Object.entries(judges).flatMap(([name, judge]): ValueProblem[] => {
    const prompt = judge.prompt ?? 'preference/label';
    const template = templates.find(prompt);
    if (template === undefined) return [];
    const path = ['judges', name];
    const isMade = template.item !== undefined;
    if ((judge.itemsPerPrompt ?? 1) < 2) {
      if (!isMade) return [];
      const message = `${prompt} shows several items: it needs itemsPerPrompt, 2 to 8`;
      return [{ path: [...path, 'prompt'], message }];
    }
    const problems: ValueProblem[] = [];
    if (!isMade) {
      const message = `the prompt ${prompt} shows one item; take preference/several, or a template of your own with "item"`;
      problems.push({ path: [...path, 'itemsPerPrompt'], message });
    }
    const kind = engines[judge.engine ?? '']?.kind;
    if (kind !== undefined && kind !== 'openai') {
      const message = `the engine "${judge.engine}" is of kind ${kind}, which tells one label a call; several in one answer need kind openai`;
      problems.push({ path: [...path, 'itemsPerPrompt'], message });
    }
    return problems;
  });
}
