/** What both agree on: kept among the patient's goals. */
import type { Shared } from "../together/shared";
import { words } from "../words";
import { MeGoals } from "./me-goals";
import { TogetherPart } from "./together-part";

const own = words.together;

interface Given { subject: string; shared: Shared; change: (to: Partial<Shared>) => void }

export function TogetherAgreed({ subject, shared, change }: Given) {
  return (
    <TogetherPart id="agreed" title={own.agreed} point={shared.point} aim={(point) => change({ point })} level="plain"
      clinical={null} plain={<><p>{own.agreedAbout}</p><MeGoals subject={subject} /></>} />
  );
}
