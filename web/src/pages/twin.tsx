/** One twin: made of panels that its model's declaration fills in. */
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { useParams } from "wouter";
import { Believes } from "../panels/twin-believes";
import { CardPanel } from "../panels/twin-card";
import { CoursePanel } from "../panels/twin-course";
import { useNews } from "../live/news";
import { mainOf, pathOf, useKept, type Course, type Forecast, type TwinShape } from "../panels/twin-data";
import { Header } from "../panels/twin-header";
import { DataQuality } from "../panels/twin-quality";
import { Record } from "../panels/twin-record";
import { Why } from "../panels/twin-why";
import { WhatIf } from "../panels/whatif";
import "../panels/twin.css";
import { Answer } from "../parts/ask";

export default function Twin() {
  const { twin = "" } = useParams<{ twin: string }>();
  const shape = useKept<TwinShape>(pathOf(twin));
  return <Answer of={shape}>{(own) => <Panels key={own.id} own={own} />}</Answer>;
}

function Panels({ own }: { own: TwinShape }) {
  const [[back, ahead], choose] = useState<[number, number]>([6, 4]);
  const course = useKept<Course>(pathOf(own.id, `/course?hours=${back}`));
  const forecast = useKept<Forecast>(pathOf(own.id, `/forecast?hours=${ahead}`));
  const link = useFresh(own);
  const targets = course.data?.read.map((read) => read.name) ?? [];
  return (
    <div className="twin-page">
      <Header twin={own} link={link} course={course.data} forecast={forecast.data} />
      <div className="twin-column">
        <Answer of={course}>
          {(told) => (
            <>
              <CoursePanel
                course={told} forecast={forecast.data} refused={forecast.isError ? forecast.error : null} back={back} ahead={ahead}
                choose={(b, a) => choose([b, a])}
              />
              <WhatIf course={told} />
            </>
          )}
        </Answer>
      </div>
      <div className="twin-column">
        {targets.length > 0 && <Why twin={own.id} targets={targets} main={targets[course.data ? mainOf(course.data) : 0] ?? ""} issued={own.believed.at} />}
        <Record twin={own.id} />
        <DataQuality subject={own.subject} />
        <CardPanel model={own.model} />
      </div>
      <div className="across"><Believes twin={own.id} /></div>
    </div>
  );
}

const LEAST = 5_000;
/** Milliseconds between two rounds of questions, however often the stream says that something is new. */

/** Ask anew for what shows the present as soon as the twin has moved. */
function useFresh(own: TwinShape) {
  const client = useQueryClient();
  const waiting = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(waiting.current), []);
  const stir = () => {
    waiting.current ??= setTimeout(() => {
      waiting.current = undefined;
      const start = pathOf(own.id);
      void client.invalidateQueries({ predicate: ({ queryKey: [path] }) => isOfNow(String(path), start) });
    }, LEAST);
  };
  return useNews({ subjects: [own.subject] }, stir, stir);
}

const isOfNow = (path: string, start: string): boolean =>
  path === start || path.startsWith(`${start}/course`) || path.startsWith(`${start}/forecast`) || path.startsWith("/api/alerts?");
