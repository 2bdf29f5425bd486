/** The report of a twin: its course, reasons, beliefs and record, as its page shows them, without what is only for use. */
import { Answer, useAsked } from "../parts/ask";
import { part } from "../api/client";
import { words } from "../words";
import { ReportFrame, type Provenance } from "./report-frame";
import { Believes } from "./twin-believes";
import { CoursePanel } from "./twin-course";
import { mainOf, pathOf, type Card, type Course, type Forecast } from "./twin-data";
import { DataQuality } from "./twin-quality";
import { Record } from "./twin-record";
import { Why } from "./twin-why";

const [BACK, AHEAD] = [6, 4];

export function TwinReport({ twin }: { twin: string }) {
  const source = useAsked<Provenance>(pathOf(twin, "/provenance"));
  return <Answer of={source}>{(known) => <Told twin={twin} source={known} />}</Answer>;
}

function Told({ twin, source }: { twin: string; source: Provenance }) {
  const card = useAsked<Card>(`/api/models/${part(source.model)}/card`);
  const course = useAsked<Course>(pathOf(twin, `/course?hours=${BACK}`));
  const forecast = useAsked<Forecast>(pathOf(twin, `/forecast?hours=${AHEAD}`));
  return (
    <Answer of={card}>
      {(own) => (
        <ReportFrame title={words.report.twin} source={source} card={own} file={() => fetch(pathOf(twin, `/report?back=${BACK}&hours=${AHEAD}`))}>
          <Answer of={course}>
            {(told) => (
              <>
                <CoursePanel course={told} forecast={forecast.data} refused={forecast.error} back={BACK} ahead={AHEAD} choose={() => undefined} />
                <Why twin={twin} targets={[]} main={told.read[mainOf(told)]?.name ?? ""} issued={source.present} />
              </>
            )}
          </Answer>
          <Record twin={twin} />
          <DataQuality subject={source.subject} />
          <Believes twin={twin} />
        </ReportFrame>
      )}
    </Answer>
  );
}
