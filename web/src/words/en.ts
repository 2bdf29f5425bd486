/** English.  Functions where a sentence holds a number or a name, so that a translation can order them its own way. */
import { alerts } from "./en/alerts";
import { body } from "./en/body";
import { common } from "./en/common";
import { me } from "./en/me";
import { models } from "./en/models";
import { overview } from "./en/overview";
import { report } from "./en/report";
import { together } from "./en/together";
import { charts, twin } from "./en/twin";
import { wall } from "./en/wall";
import { whatif } from "./en/whatif";

export const en = { ...common, alerts, body, charts, overview, me, models, report, together, twin, wall, whatif };
