import type { Item, Message } from '../domain/item.ts';
import { type Criterion, type Scale, signsOf } from '../domain/rubric.ts';
import { isSheet, type LabelSpellings, type PromptTemplate, templateId } from '../domain/template.ts';
import type { Fence } from './fence.ts';
import { fillTemplate, renderPrompt } from './render.ts';

/** Fills a score template for one criterion, or a sheet for one or more. */
export function renderScore(
  template: PromptTemplate,
  item: Item,
  criteria: readonly Criterion[],
  fence: Fence,
): Message[] {
  const [response = ''] = item.candidates;
  const texts = {
    rubric: criteria.map(criterionText).join('\n\n'),
    criteria: criteria.map((criterion, index) => `${index + 1}. ${criterionText(criterion)}`).join('\n\n'),
    answers: allAnswersText(template, criteria),
    prompt: renderPrompt(item.prompt),
    response,
    reference: item.wishes?.reference ?? '(none is given)',
  };
  return fillTemplate(template.messages, texts, fence);
}

/** The turn that asks for the score behind the reasons; none in a template without it. */
export function renderAnswer({ answer = [] }: PromptTemplate, { scale }: Criterion): Message[] {
  const answers = answersText(scale);
  return answer.map(({ role, content }) => ({ role, content: content.replaceAll('{{answers}}', answers) }));
}

/** Name of the label set of a scale under a template; requests refer to it. */
export function scoreLabelsId(template: PromptTemplate, { min, max }: Scale): string {
  return `${templateId(template)}#${min}..${max}`;
}

/** The labels are named by their points. */
export function scoreSpellings(scale: Scale): LabelSpellings {
  return Object.fromEntries([...signsOf(scale)].map(([point, sign]) => [String(point), [sign, ` ${sign}`]]));
}

/** On a sheet, for each line: `line 1: 1, 2 or 3; line 2: 0 or 1`. */
function allAnswersText(template: PromptTemplate, criteria: readonly Criterion[]): string {
  const lines = criteria.map(({ scale }) => answersText(scale));
  if (!isSheet(template)) return lines.join('; ');
  return lines.map((answers, index) => `line ${index + 1}: ${answers}`).join('; ');
}

/** `1, 2, 3, 4 or 5`; with letters `A = 1, B = 2 … or J = 10`. */
function answersText(scale: Scale): string {
  const answers = [...signsOf(scale)].map(([point, sign]) =>
    sign === String(point) ? sign : `${sign} = ${point}`,
  );
  return `${answers.slice(0, -1).join(', ')} or ${answers.at(-1)}`;
}

function criterionText({ name, text, anchors }: Criterion): string {
  const known = anchors.toSorted((one, other) => one.score - other.score);
  const lines = known.map((anchor) => `Score ${anchor.score}: ${anchor.text}`);
  const examples = known.flatMap(({ score, example }) =>
    example === undefined ? [] : [`A response with score ${score}:\n${example}`],
  );
  return [`${name}: ${text}`, ...lines, ...examples].join('\n');
}
