import { PLANTED_BETTER, PLANTED_WORSE, STUB_MODEL } from './planted.ts';

/** The requests of the bench: about 2 kB each, as a judge sees them. */
const PROMPT = 'Which city is the capital of Australia, and why was it chosen? Answer in a few sentences.';
const BETTER =
  `The capital is ${PLANTED_BETTER}. When the colonies united in 1901, the two largest cities both wanted to be the ` +
  'capital, so the constitution asked for a new city in between. The place was chosen in 1908, building began in ' +
  '1913 after an international competition for the plan, and parliament moved there in 1927. Until then it met in ' +
  'Melbourne. The city is governed as a territory of its own, so that no state has the seat of government, and most ' +
  'of the national institutions, such as the high court, the library and the war memorial, stand around its lake.';
const WORSE =
  `The capital of Australia is ${PLANTED_WORSE}, which is also its largest and best known city. It was chosen because ` +
  'the first British settlement was founded there in 1788, and because its harbour made it the natural centre of ' +
  'trade for the whole continent. The parliament meets in a building next to the famous opera house, which opened in ' +
  '1973 and was paid for by a lottery. Many visitors believe that Melbourne is the capital, since it is nearly as ' +
  'large, but it only ever was the capital of its own state. The climate is mild, which helped with the decision too.';

const QUESTION = [
  'You compare two responses to the same prompt and say which one is better.',
  'Judge the content; length and order are no merit in themselves. Answer with one letter and nothing else:',
  'A if the first response is better, B if the second response is better, C if they are equally good.',
  `[prompt]\n${PROMPT}\n[/prompt]\n[first]\n${BETTER}\n[/first]\n[second]\n${WORSE}\n[/second]`,
  'The better response (A, B or C):',
].join('\n');

export function chatBody(stream: boolean): string {
  return JSON.stringify({
    model: STUB_MODEL,
    messages: [{ role: 'user', content: QUESTION }],
    max_tokens: 16,
    temperature: 0,
    ...(stream ? { stream, stream_options: { include_usage: true } } : {}),
  });
}

export function preferenceBody(policy = 'default'): string {
  const item = { id: 'row-17', prompt: PROMPT, candidates: [BETTER, WORSE], metadata: { split: 'train' } };
  return JSON.stringify({ policy, items: [item] });
}
