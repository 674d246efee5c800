/**
 * Families of models: who share weights, data or makers, and so tend to prefer each other's texts
 * (Panickssery et al. 2024, arXiv 2404.13076; Wataoka et al. 2024, arXiv 2410.21819).
 */

/** How names of models tell their family; the first that fits counts, so a distillate is its teacher's. */
const FAMILIES: readonly (readonly [family: string, name: RegExp])[] = [
  ['deepseek', /deepseek/],
  ['openai', /(^|[^a-z])(gpt|chatgpt|text-davinci|o[134](-|$))/],
  ['anthropic', /claude/],
  ['google', /gemini|gemma|palm|bard/],
  ['mistral', /mistral|mixtral|ministral|magistral|codestral|zephyr/],
  ['qwen', /qwen|qwq/],
  ['llama', /llama|vicuna|alpaca|tulu-[23]|nemotron/],
  ['phi', /(^|[^a-z])phi-?\d/],
  ['cohere', /command-?[ra]|(^|[^a-z])aya-/],
  ['glm', /glm/],
  ['yi', /(^|[^a-z])yi-/],
  ['olmo', /olmo/],
  ['granite', /granite/],
  ['grok', /grok/],
  ['kimi', /kimi|moonlight/],
  ['internlm', /internlm/],
  ['falcon', /falcon/],
];

/** Such as `qwen` for `Qwen/Qwen3-8B-AWQ`, also for the name of a family itself; null for a name that tells none. */
export function modelFamily(name: string): string | null {
  const text = name.toLowerCase();
  return FAMILIES.find(([family, fits]) => family === text || fits.test(text))?.[0] ?? null;
}

/** Families that names can tell, for documentation. */
export const MODEL_FAMILIES: readonly string[] = FAMILIES.map(([family]) => family);
