/** Flesch-Kincaid grade (Kincaid 1975): 0.39 words / sentences + 11.8 syllables / words - 15.59. */
export function grade(text: string): number {
  const sentences = text.split(/[.!?:]+(?:\s|$)/).filter((part) => /[a-z]/i.test(part));
  const spoken = text.match(/[a-z']+/gi) ?? [];
  const syllables = spoken.reduce((sum, word) => sum + syllablesOf(word), 0);
  return (0.39 * spoken.length) / sentences.length + (11.8 * syllables) / spoken.length - 15.59;
}

/** Groups of vowels, without a silent e at the end. */
export function syllablesOf(word: string): number {
  const bare = word.toLowerCase().replaceAll(/[^a-z]/g, "");
  const groups = bare.replace(/(?:[^laeiouy]es|[^td]ed|[^laeiouy]e)$/, "").match(/[aeiouy]+/g) ?? [];
  return Math.max(1, groups.length);
}
