/** Reports for the record, made to be printed: of a twin, or of a comparison of plans.  The same as one file comes from
 * the service. */
import { useParams } from "wouter";
import { PlansReport } from "../panels/report-plans";
import { TwinReport } from "../panels/report-twin";
import "../panels/twin.css";
import "../panels/report.css";
import { words } from "../words";

export default function Report() {
  const { kind = "", twin = "" } = useParams<{ kind: string; twin: string }>();
  if (kind === "twin") return <TwinReport twin={twin} />;
  if (kind === "plans") return <PlansReport twin={twin} />;
  return <h1>{words.report.none}</h1>;
}
