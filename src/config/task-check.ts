import { unknownName } from './issues.ts';
import type { ValueProblem } from './references.ts';
import type { NamedThings } from './cross-check.ts';

/** A policy as this check reads it. */
interface PolicyNames {
  readonly task?: string | undefined;
  readonly tiers: readonly string[];
  readonly rubric?: string | undefined;
  readonly target?: unknown;
}

type Judges = Readonly<Record<string, { readonly prompt?: string | undefined }>>;

const USUAL_PROMPT = 'preference/label';

/** Checks that a policy and its judges do the same task, and that what the policy names for it is there. */
export function taskProblems(
  policies: Readonly<Record<string, PolicyNames>>,
  judges: Judges,
  named: NamedThings,
): ValueProblem[] {
  return Object.entries(policies).flatMap(([name, policy]) => {
    const path = ['policies', name];
    return [
      ...tierProblems(policy, judges, named).map(({ path: inner, message }) => ({
        path: [...path, ...inner],
        message,
      })),
      ...rubricProblems(policy, named).map((message) => ({ path: [...path, 'rubric'], message })),
      ...(policy.target === undefined || taskOf(policy) === 'preference'
        ? []
        : [{ path: [...path, 'target'], message: 'is for preferences alone: certificates prove labels' }]),
    ];
  });
}

function taskOf({ task }: PolicyNames): string {
  return task ?? 'preference';
}

function tierProblems(policy: PolicyNames, judges: Judges, { templates }: NamedThings): ValueProblem[] {
  const task = taskOf(policy);
  return policy.tiers.flatMap((tier, index) => {
    const judge = judges[tier];
    const template = judge === undefined ? undefined : templates.find(judge.prompt ?? USUAL_PROMPT);
    if (template === undefined || template.task === task) return [];
    const message = `the prompt of "${tier}" is for the task ${template.task}, the policy is for ${task}`;
    return [{ path: ['tiers', index], message }];
  });
}

function rubricProblems({ rubric }: PolicyNames, { rubrics }: NamedThings): string[] {
  if (rubric === undefined || rubrics.has(rubric)) return [];
  return [unknownName(rubric, [...rubrics.keys()], 'rubric')];
}
