import type { Message } from './item.ts';

/**
 * A prompt template: logic-less text with named slots such as `{{prompt}}`, one version per file.
 * Shared text comes first and the item last, so that engines can reuse the prefix.
 */
export interface PromptTemplate {
  /** For example `preference/label`. */
  readonly name: string;
  /** Raised on every change of the text: a new version is a new judge. */
  readonly version: number;
  readonly task: TemplateTask;
  /** What `{{rubric}}` says when an item names no rubric. */
  readonly defaultRubric: string;
  readonly messages: readonly Message[];
  /** Preferences of several items in one prompt: what `{{items}}` says of each. Absent where a prompt shows one. */
  readonly item?: string | undefined;
  /** Critiques: what is asked after the critique to have the response revised. */
  readonly revision?: readonly Message[];
  /** What is asked after the judge's reasons, to have its label; a template without it asks for the label at once. */
  readonly answer?: readonly Message[];
  /** For each label the token texts that spell it; a judge answers with exactly one. Preferences alone have them. */
  readonly labels: LabelSpellings;
}

/** What the judges of a template do; rankings are made of preferences, revisions of critiques. */
export type TemplateTask = 'preference' | 'score' | 'critique';

/** Label name -> texts that spell it, each of which should be one token for the model. */
export type LabelSpellings = Readonly<Record<string, readonly string[]>>;

/** How a judge comes to its label: at once, after reasons that it writes, or after thinking as reasoning models do. */
export type Reasoning = 'none' | 'brief' | 'think';

/** All criteria of a rubric are asked in one call. */
export function isSheet({ messages }: PromptTemplate): boolean {
  return messages.some(({ content }) => content.includes('{{criteria}}'));
}

/** `name@version`, as the trail shows it. */
export function templateId(template: PromptTemplate): string {
  return `${template.name}@${template.version}`;
}
