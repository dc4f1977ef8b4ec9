/** Widths in ems, those of DejaVu Sans: of the sans serifs that a reader may have, it is the widest. */
const widths: readonly (readonly [RegExp, number])[] = [
  [/[\p{Mn}\p{Me}\u200b-\u200f]/u, 0],
  [
    /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\u3000-\u303f\uff00-\uffef]/u,
    1,
  ],
  [/[mwMW@%—…→]/, 0.98],
  [/[\p{Lu}&+=<>~#]/u, 0.8],
  [/[ijl.,:;'|!()[\]\s/\\]/, 0.4],
];

const otherwise = 0.64;

/** How wide a text is at most, in pixels: the charts are drawn where there is neither a font nor a canvas to measure with. */
export function textWidth(text: string, fontSize: number): number {
  const ems = Array.from(text, (character) => {
    const [, width = otherwise] = widths.find(([kind]) => kind.test(character)) ?? [];
    return width;
  });
  return fontSize * ems.reduce((sum, width) => sum + width, 0);
}
