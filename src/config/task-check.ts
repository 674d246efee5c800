import { unknownName } from './issues.ts';
import type { ValueProblem } from './references.ts';
import type { NamedThings } from './cross-check.ts';

/** A policy as this check reads it. */
interface PolicyNames {
  readonly task?: string | undefined;
  readonly tiers: readonly string[];
  readonly rubric?: string | undefined;
  readonly target?: unknown;
  readonly critique?:
    | { readonly constitution?: string | undefined; readonly checkedBy?: string | undefined }
    | undefined;
}

type Judges = Readonly<
  Record<string, { readonly prompt?: string | undefined; readonly reasoning?: string | undefined }>
>;

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
      ...critiqueProblems(policy, judges, named).map(({ path: inner, message }) => ({
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

/** Reasons are written before a turn that asks for the label; a prompt has such a turn, or it has not. */
export function reasoningProblems(judges: Judges, { templates }: NamedThings): ValueProblem[] {
  return Object.entries(judges).flatMap(([name, { prompt = USUAL_PROMPT, reasoning }]) => {
    const template = templates.find(prompt);
    if (template === undefined || reasoning === undefined) return [];
    const path = ['judges', name, 'reasoning'];
    const hasAnswer = template.answer !== undefined;
    if (hasAnswer && reasoning === 'none') {
      return [
        { path, message: `the prompt ${prompt} asks for reasons; leave it out, or choose another prompt` },
      ];
    }
    if (hasAnswer || reasoning === 'none') return [];
    const message = `the prompt ${prompt} has no turn "answer"; use one that has, such as preference/reasoned or score/reasoned`;
    return [{ path, message }];
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

function critiqueProblems(policy: PolicyNames, judges: Judges, named: NamedThings): ValueProblem[] {
  const { critique, tiers } = policy;
  if (taskOf(policy) !== 'critique') {
    return critique === undefined ? [] : [{ path: ['critique'], message: 'is for the task critique alone' }];
  }
  if (critique === undefined) return [{ path: [], message: 'needs critique.constitution for its task' }];
  const { constitution, checkedBy } = critique;
  const problems: ValueProblem[] = [];
  if (constitution !== undefined && !named.constitutions.has(constitution)) {
    const message = unknownName(constitution, [...named.constitutions.keys()], 'constitution');
    problems.push({ path: ['critique', 'constitution'], message });
  }
  if (checkedBy === undefined && tiers.length > 1) {
    const message = 'needs checkedBy: without a comparison nothing says when the next tier is asked';
    problems.push({ path: ['critique'], message });
  }
  if (checkedBy !== undefined) {
    const messages = checkerProblems(checkedBy, judges, named);
    problems.push(...messages.map((message) => ({ path: ['critique', 'checkedBy'], message })));
  }
  return problems;
}

function checkerProblems(name: string, judges: Judges, { templates }: NamedThings): string[] {
  const judge = judges[name];
  if (judge === undefined) return [unknownName(name, Object.keys(judges), 'judge')];
  const prompt = judge.prompt ?? USUAL_PROMPT;
  if (templates.find(prompt)?.task === 'preference') return [];
  return [`"${name}" does not compare: its prompt is ${prompt}`];
}
