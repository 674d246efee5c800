import type { Message } from '../domain/item.ts';
import { type PromptTemplate, templateId } from '../domain/template.ts';
import type { PromptFinding } from '../contracts/prompts.ts';

/**
 * What is wrong with a template beyond its form: what makes every label dearer (shared text behind texts of the
 * item, words that invite prose) or less safe (texts without a fence, an end that a candidate writes).
 */
export function lintTemplate(template: PromptTemplate): PromptFinding[] {
  // A template for several items says what one looks like elsewhere.
  const text = joined(template.messages).replace('{{items}}', () => template.item ?? '');
  // Where reasons are wanted first, the label is asked for in a turn of its own.
  const question = template.answer === undefined ? text : joined(template.answer);
  const found = [
    ...sharedBehindItem(text),
    ...unfenced(text),
    ...(template.task === 'critique' ? [] : [...proseVerbs(question), ...endsWithItem(text)]),
    ...(template.task === 'preference' ? unnamedLabels(template, `${text}\n${question}`) : []),
  ];
  return found.map((finding) => ({ template: templateId(template), ...finding }));
}

type Finding = Omit<PromptFinding, 'template'>;

function joined(messages: readonly Message[]): string {
  return messages.map(({ content }) => content).join('\n');
}

/** Slots that differ from item to item. The word of the fence comes from the prompt, so it differs too. */
const ITEM_SLOT = /\{\{(?:nonce|number|prompt|first|second|response|reference)\}\}/;
const TEXT_SLOT = /\{\{(prompt|first|second|response|reference)\}\}/g;
/** Fixed text behind the item that is worth moving: some 25 tokens. */
const WORTH_MOVING = 100;

/** An engine caches a prompt up to the first difference; what stands behind it is computed for every item. */
function sharedBehindItem(text: string): Finding[] {
  const at = text.search(ITEM_SLOT);
  if (at === -1) return [];
  const behind = text.slice(at);
  const findings: Finding[] = [];
  const slot = ['{{rubric}}', '{{criteria}}'].find((one) => behind.includes(one));
  if (slot !== undefined) {
    const message = `${slot} stands behind a text of the item; before it, prefix caches would serve it`;
    findings.push({ rule: 'shared-text-last', message });
  }
  const fixed = behind
    .split('\n')
    .filter((line) => !line.includes('{{') && !/^\s*\[/.test(line))
    .join('')
    .trim();
  if (fixed.length > WORTH_MOVING) {
    const message = `${fixed.length} characters that are the same for every item stand behind its texts, from "${fixed.slice(0, 40)}…"; before them, prefix caches would serve them`;
    findings.push({ rule: 'shared-text-last', message });
  }
  return findings;
}

/** Each text of the item needs a line with the fence's word right before it and right behind it. */
function unfenced(text: string): Finding[] {
  return [...text.matchAll(TEXT_SLOT)].flatMap(({ 0: slot, index }): Finding[] => {
    const before = text.slice(0, index).trimEnd().split('\n').at(-1) ?? '';
    const behind =
      text
        .slice(index + slot.length)
        .trimStart()
        .split('\n')[0] ?? '';
    if (before.includes('{{nonce}}') && behind.includes('{{nonce}}')) return [];
    const message = `${slot} stands between no two lines with {{nonce}}: a text could speak as the judge's instructions`;
    return [{ rule: 'missing-fence', message }];
  });
}

/** A label is one token; what invites prose takes probability from it, and fails as unparseable below .9. */
const PROSE =
  /\b(explain|describe|discuss|elaborate|justify|summari[sz]e|analy[sz]e|comment on|give (?:your )?reasons|step by step|in detail)\b/gi;
const NEGATED = /\b(?:not|never|without|nor|don't)\b[^.]{0,40}$/i;

function proseVerbs(text: string): Finding[] {
  return [...text.matchAll(PROSE)]
    .filter(({ index }) => !NEGATED.test(text.slice(Math.max(0, index - 60), index)))
    .map(({ 0: word }) => ({
      rule: 'invites-prose' as const,
      message: `"${word}" invites prose; ask for the label and nothing else`,
    }));
}

function endsWithItem(text: string): Finding[] {
  const tail = text.trimEnd();
  const end = /\{\{(?:prompt|first|second|response|reference|nonce)\}\}\]?$/.exec(tail)?.[0];
  if (end === undefined) return [];
  const message = 'the last words are a text of the item or its marker; end with the question for the label';
  return [{ rule: 'no-question-at-end', message }];
}

/** A judge can only answer what it was told. */
function unnamedLabels({ labels }: PromptTemplate, text: string): Finding[] {
  return Object.entries(labels).flatMap(([label, spellings]): Finding[] => {
    const named = spellings.some((spelling) => hasWord(text, spelling.trim()));
    if (named) return [];
    const message = `no spelling of "${label}" (${spellings.join(', ')}) is named in the text`;
    return [{ rule: 'label-not-named', message }];
  });
}

function hasWord(text: string, word: string): boolean {
  return text.split(/[^\p{L}\p{N}]+/u).includes(word);
}
