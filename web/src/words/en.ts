/** English.  Functions where a sentence holds a number or a name, so that a translation can order them its own way. */
import { alerts } from "./en/alerts";
import { common } from "./en/common";

export const en = { ...common, alerts };
