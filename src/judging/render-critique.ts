import type { Constitution, Principle } from '../domain/constitution.ts';
import type { Item, Message } from '../domain/item.ts';
import type { PromptTemplate } from '../domain/template.ts';
import type { Fence } from './fence.ts';
import { fillTemplate, renderPrompt } from './render.ts';

/** What one round of a critique shows. */
export interface Round {
  readonly item: Item;
  /** The response as it is by now. */
  readonly response: string;
  readonly constitution: Constitution;
  readonly principle: Principle;
  readonly wantsEvidence: boolean;
}

export function renderCritique(template: PromptTemplate, round: Round, fence: Fence): Message[] {
  return fillTemplate(template.messages, textsOf(round), fence);
}

/** The conversation goes on: the engine has its beginning in the cache. */
export function renderRevision(
  template: PromptTemplate,
  round: Round,
  critique: string,
  fence: Fence,
): Message[] {
  return [
    ...renderCritique(template, round, fence),
    { role: 'assistant', content: critique },
    ...fillTemplate(template.revision ?? [], textsOf(round), fence),
  ];
}

function textsOf({ item, response, constitution, principle, wantsEvidence }: Round) {
  const examples = examplesText(constitution);
  return {
    /** What all items share, for the fence. */
    rubric: examples,
    examples,
    prompt: renderPrompt(item.prompt),
    response,
    critique_request: principle.critique,
    revision_request: principle.revision,
    evidence: wantsEvidence ? QUOTING : '',
  };
}

const QUOTING =
  'Put every passage of the response that you criticise, word for word as it stands there, between <quote> and </quote>.';

function examplesText({ examples }: Constitution): string {
  if (examples.length === 0) return '';
  const worked = examples.map((example, index) =>
    [
      `Example ${index + 1}`,
      `Prompt:\n${example.prompt}`,
      `Response:\n${example.response}`,
      `Critique request: ${example.critiqueRequest}`,
      `Critique: ${example.critique}`,
      `Revision request: ${example.revisionRequest}`,
      `Revision: ${example.revision}`,
    ].join('\n'),
  );
  return `${worked.join('\n\n')}\n\n`;
}
