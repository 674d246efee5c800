import { unknownName } from './issues.ts';
import type { ValueProblem } from './references.ts';
import type { TemplateSet } from './templates.ts';

/** A policy as this check reads it. */
interface SamplingPolicy {
  readonly task?: string | undefined;
  readonly sampling?:
    | {
        readonly method?: string | undefined;
        readonly share?: number | undefined;
        readonly scouts?: readonly string[] | undefined;
      }
    | undefined;
}

type Judges = Readonly<Record<string, { readonly prompt?: string | undefined }>>;

const USUAL_PROMPT = 'preference/label';

/** How many scouts each method asks; those that are absent ask none. */
const SCOUTS: Readonly<Record<string, number>> = { uncertainty: 1, disagreement: 2 };

/** Checks that what a method needs is there, and nothing that it does not read. */
export function samplingProblems(
  policies: Readonly<Record<string, SamplingPolicy>>,
  judges: Judges,
  templates: TemplateSet,
): ValueProblem[] {
  return Object.entries(policies).flatMap(([name, policy]) => {
    const path = ['policies', name, 'sampling'];
    return problemsOf(policy, judges, templates).map((problem) => ({
      ...problem,
      path: [...path, ...problem.path],
    }));
  });
}

function problemsOf(
  { task = 'preference', sampling }: SamplingPolicy,
  judges: Judges,
  templates: TemplateSet,
): ValueProblem[] {
  if (sampling === undefined) return [];
  const { method = 'all', share, scouts = [] } = sampling;
  const problems: ValueProblem[] = [];
  if (method === 'all' && share !== undefined) {
    problems.push({ path: ['share'], message: 'is for the other methods: `all` judges every item' });
  }
  if (method !== 'all' && share === undefined) {
    problems.push({ path: ['share'], message: `is needed by the method ${method}` });
  }
  const wanted = SCOUTS[method] ?? 0;
  if (scouts.length !== wanted) {
    const message = `must have ${wanted} judges for the method ${method}, found ${scouts.length}`;
    problems.push({ path: ['scouts'], message });
  }
  if (wanted > 0 && task === 'critique') {
    const message = `${method} is for preferences and scores: nothing tells how sure a critic is`;
    return [...problems, { path: ['method'], message }];
  }
  const scoutProblems = scouts.flatMap((scout, index) => {
    const judge = judges[scout];
    const message =
      judge === undefined
        ? unknownName(scout, Object.keys(judges), 'judge')
        : taskProblem(scout, judge.prompt ?? USUAL_PROMPT, task, templates);
    return message === null ? [] : [{ path: ['scouts', index], message }];
  });
  return [...problems, ...scoutProblems];
}

function taskProblem(scout: string, prompt: string, task: string, templates: TemplateSet): string | null {
  const template = templates.find(prompt);
  if (template === undefined || template.task === task) return null;
  return `the prompt of "${scout}" is for the task ${template.task}, the policy is for ${task}`;
}
