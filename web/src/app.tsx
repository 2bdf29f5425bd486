/** The frame round every page, and which page stands at which address. Pages load when they are first asked for. */
import { lazy, Suspense } from "react";
import { Route, Switch, useLocation } from "wouter";
import { Frame } from "./parts/frame";
import { words } from "./words";

const Overview = lazy(() => import("./pages/overview"));
const Wall = lazy(() => import("./pages/wall"));
const Alerts = lazy(() => import("./pages/alerts"));
const Twin = lazy(() => import("./pages/twin"));
const Report = lazy(() => import("./pages/report"));
const Body = lazy(() => import("./pages/body"));
const Me = lazy(() => import("./pages/me"));
const Together = lazy(() => import("./pages/together"));
const Models = lazy(() => import("./pages/models"));
const Model = lazy(() => import("./pages/model"));
const Lost = lazy(() => import("./pages/lost"));

/** The wall display stands alone: no header, nothing to reach by mistake. */
export function App() {
  const [at] = useLocation();
  if (at === "/wall") return <main><Suspense fallback={null}><Wall /></Suspense></main>;
  return (
    <Frame>
      <Suspense fallback={<p className="soft" role="status">{words.loading}</p>}>
        <Switch>
          <Route path="/" component={Overview} />
          <Route path="/alerts" component={Alerts} />
          <Route path="/twins/:twin" component={Twin} />
          <Route path="/reports/:kind/:twin" component={Report} />
          <Route path="/body/:subject" component={Body} />
          <Route path="/me/:subject" component={Me} />
          <Route path="/together/:subject" component={Together} />
          <Route path="/models" component={Models} />
          <Route path="/models/:model" component={Model} />
          <Route component={Lost} />
        </Switch>
      </Suspense>
    </Frame>
  );
}
