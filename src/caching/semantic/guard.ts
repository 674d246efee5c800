import { hashOf } from '../../domain/text-hash.ts';

/**
 * What turns a label over though embedders hardly see it: figures, and what is denied. Texts are only ever
 * held to be alike when both are the same in them, in the same places.
 */
const FIGURE = /[-+*/=<>≤≥^×÷−]?\s?[$€£]?\p{N}+(?:[.,:]\p{N}+)*\s?[%‰°$€£]?/gu;
const NUMBER_WORD =
  /(?<![\p{L}\p{N}])(?:zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|hundred|thousand|million|billion|half|double|twice|first|second|third|last)(?![\p{L}\p{N}])/gu;
const DENIAL = new RegExp(
  String.raw`(?:(?<![\p{L}\p{N}])(?:` +
    String.raw`not|no|never|none|nobody|nothing|nowhere|neither|nor|without|cannot|except|unless|hardly|barely|rarely|` +
    String.raw`[a-z]+n't|(?:do|does|did|is|are|was|were|ca|wo|would|could|should|has|have|had|must)nt|` +
    String.raw`(?:un|im|ir|il|dis|non)[a-z-]{3,}|[a-z]{3,}less|` +
    String.raw`in(?:correct|valid|accurate|complete|consistent|sufficient|appropriate|effective|active|visible|dependent|secure|direct|equal)[a-z]*|` +
    String.raw`nicht|kein[a-z]*|nie|ohne|ne|pas|jamais|sans|nunca|jamás|sin|não|sem|non|mai|не|нет|без|никогда` +
    String.raw`)(?![\p{L}\p{N}])|[不没沒無无非未])[^\p{L}\p{N}]*(?:\p{Script=Han}|[\p{L}\p{N}']*)`,
  'gu',
);

/** A number of 52 bits; texts that differ in a figure or a denial have different ones. */
export function guardOf(texts: readonly string[]): number {
  const facts = JSON.stringify(texts.map(factsOf));
  return (hashOf(facts) >>> 0) * 2 ** 20 + (hashOf(`${facts}.`) >>> 12);
}

/** Figures, words for numbers, and denials with the word that each denies, in the order of the text. */
export function factsOf(text: string): readonly (readonly string[])[] {
  const plain = text.normalize('NFKC').toLowerCase().replaceAll('’', "'");
  const figures = plain.match(FIGURE) ?? [];
  return [figures.map(normalFigure), plain.match(NUMBER_WORD) ?? [], (plain.match(DENIAL) ?? []).map(spaced)];
}

function normalFigure(figure: string): string {
  return figure.replaceAll(/\s/g, '').replaceAll(/,(?=\p{N}{3}(?!\p{N}))/gu, '');
}

function spaced(denial: string): string {
  return denial.replaceAll(/[^\p{L}\p{N}']+/gu, ' ');
}
