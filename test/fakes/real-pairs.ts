import type { Item } from '../../src/domain/item.ts';

/** Everyday questions, each with three answers of different worth: fifty pairs to judge. */
const QUESTIONS: readonly (readonly [prompt: string, ...answers: readonly [string, string, string]])[] = [
  [
    'Why does bread need salt?',
    'Salt slows the yeast, tightens the gluten and brings out the taste of the grain.',
    'It is tradition. Bread without salt is just as good.',
    'Salt makes bread salty, and bakers sell more of it that way.',
  ],
  [
    'Write a function that reverses a string in Python.',
    'def reverse(text):\n    return text[::-1]',
    'You can loop over the string and put each character in front of a new one.',
    'Use text.reverse(), which changes the string in place.',
  ],
  [
    'How long does it take light from the Sun to reach us?',
    'About 8 minutes and 20 seconds.',
    'Roughly 500 seconds, since it travels 150 million km at 300,000 km/s.',
    'It reaches us at once; light is instant.',
  ],
  [
    'My cat does not eat since yesterday. What should I do?',
    'See a vet today: cats that fast for more than a day can get ill with their liver.',
    'Offer warm wet food, and go to the vet if nothing is eaten within a day.',
    'Cats are picky. Wait a week and change nothing.',
  ],
  [
    'Summarise the plot of Romeo and Juliet in one sentence.',
    'Two young lovers from feuding families marry in secret and die through a chain of errors.',
    'It is a play by Shakespeare about love.',
    'Romeo loves Juliet, they run away to Mantua and live there happily.',
  ],
  [
    'What is the difference between TCP and UDP?',
    'TCP keeps order and sends again what was lost; UDP sends single packets and promises nothing.',
    'UDP is faster.',
    'TCP is for the web and UDP is for mail.',
  ],
  [
    'Can I freeze cooked rice?',
    'Yes: cool it fast, freeze it within a day in flat bags, and heat it until it steams.',
    'Yes, up to a month.',
    'No, frozen rice is poisonous.',
  ],
  [
    'How do I undo the last commit in git but keep my changes?',
    'git reset --soft HEAD~1 keeps the changes staged.',
    'Run `git revert HEAD`.',
    'Delete the .git folder and start again.',
  ],
  [
    'Is it safe to look at a solar eclipse with sunglasses?',
    'No. Only filters made for it (ISO 12312-2) block enough light.',
    'Better not; use eclipse glasses.',
    'Yes, if they are very dark.',
  ],
  [
    'What does HTTP status 429 mean?',
    'Too Many Requests: the client sent too much in too short a time and should wait.',
    'The server is broken.',
    'It is the code for "not found".',
  ],
  [
    'How many legs does a spider have?',
    'Eight.',
    'Spiders have 8 legs, since they are arachnids and no insects.',
    'Six, as all insects have.',
  ],
  [
    'Give me a polite way to decline a meeting.',
    '"Thank you for asking. I cannot join on Tuesday; could you send me the notes?"',
    '"Sorry, I have no time."',
    'Just do not answer.',
  ],
  [
    'What is 17 times 23?',
    '17 x 23 = 391.',
    '17 times 20 is 340 and 17 times 3 is 51, so it is 391.',
    'It is 401.',
  ],
  [
    'Why is the sky blue?',
    'Air scatters short waves of sunlight much more than long ones, so blue reaches us from everywhere.',
    'Because of Rayleigh scattering.',
    'It mirrors the ocean.',
  ],
  [
    'Which tea has no caffeine?',
    'Herbal ones such as rooibos, camomile and peppermint.',
    'Rooibos.',
    'Green tea.',
  ],
  [
    'How do I boil an egg so that the yolk stays soft?',
    'Put it into boiling water for six minutes, then into cold water.',
    'Six minutes, give or take the size.',
    'Boil it for fifteen minutes.',
  ],
  [
    'What is a hash table?',
    'A structure that finds a value by computing from its key where it is stored.',
    'Something like a dict in Python.',
    'A table with the # sign in each cell.',
  ],
];

const ORDERS = [
  [0, 1],
  [1, 2],
  [2, 0],
] as const;

export const PAIRS: readonly Item[] = QUESTIONS.flatMap(([prompt, ...answers], question) =>
  ORDERS.map(([one, other]) => ({
    id: `pair-${question}-${one}${other}`,
    prompt,
    candidates: [answers[one], answers[other]] as const,
    rubric: undefined,
    metadata: {},
  })),
);
