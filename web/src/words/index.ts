/** Every word on the screen comes from here.  Another language is another file that satisfies `Words`. */
import { en } from "./en";

export type Words = typeof en;
export const words: Words = en;
export const locale = typeof navigator === "undefined" ? "en" : navigator.language;
