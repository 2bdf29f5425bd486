import { describe, expect, test } from "vitest";
import { me } from "../src/words/en/me";
import { together } from "../src/words/en/together";
import { grade, syllablesOf } from "./readability";

/** Every sentence of the page, with something plain where a name or a number stands. */
function said(words: unknown): string[] {
  if (typeof words === "string") return [words];
  if (typeof words === "function") return said((words as (...given: unknown[]) => unknown)("four", "five", "six", "seven", 2));
  return Object.values(words as object).flatMap(said);
}

const sentences = said(me).filter((text) => text.split(" ").length >= 5);

describe("the patient's words", () => {
  test("the formula gives the grade of a published example", () => {
    expect(["cat", "table", "window", "banana", "make", "jumped"].map(syllablesOf)).toEqual([1, 2, 2, 3, 1, 1]);
    const platypus = "The Australian platypus is seemingly a hybrid of a mammal and reptilian creature.";
    expect(Math.abs(grade(platypus) - 11.3)).toBeLessThan(11.8 / 13 + 0.05);
  });

  test("the whole page reads at grade 7 or below", () => {
    expect(grade(sentences.join(" "))).toBeLessThanOrEqual(7);
  });

  test("no passage reads above grade 8", () => {
    expect(sentences.filter((text) => grade(text) > 8)).toEqual([]);
  });

  test("nor do the patient's sentences of the shared page", () => {
    const plain = [together.silentPlain, together.stalePlain, together.riskPlain, together.verdictPlain(null, ""), together.verdictPlain("wait", "80 %"),
      together.plainAhead("5", "g", "4", "6", "in 2 h"), together.agreedAbout];
    expect(plain.filter((text) => grade(text) > 8)).toEqual([]);
  });
});
