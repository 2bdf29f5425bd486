/** What happens to some subjects or twins, as it happens: `useNews({ twins: [id] }, (news) => ...)`.
 *
 * Events come gathered, once per picture at most. After a cut the stream goes on where it was; when it cannot, `reset` is
 * called: read everything anew. */
import { useEffect, useRef, useState } from "react";
import { openSocket, streamAt, type LinkState } from "./socket";

export interface News<Data = unknown> {
  number: number;
  kind: "facts" | "belief" | "forecast" | "alert" | "request";
  subject: string;
  twin: string;
  at: number;
  data: Data;
}

interface Narrowed {
  subjects?: string[];
  twins?: string[];
  kinds?: News["kind"][];
}

interface Control {
  kind: "hello" | "reset" | "skipped" | "pong";
  data: { number?: number };
}

const BEAT = 10_000;

export function useNews(wanted: Narrowed, told: (news: News[]) => void, reset?: () => void): LinkState {
  const [link, setLink] = useState<LinkState>({ is: "connecting", since: Date.now() });
  const handlers = useRef({ told, reset });
  handlers.current = { told, reset };
  const query = [wanted.subjects, wanted.twins, wanted.kinds].map((list) => (list ?? []).join(",")).join("|");
  useEffect(() => {
    const [subjects, twins, kinds] = query.split("|");
    let number: number | undefined;
    let gathered: News[] = [];
    const give = () => {
      const news = gathered;
      gathered = [];
      if (news.length) handlers.current.told(news);
    };
    const socket = openSocket({
      address: () => streamAt({ subjects, twins, kinds, after: number }),
      state: setLink,
      silence: 4 * BEAT,
      heard: (frame) => {
        for (const one of frame as (News | Control)[]) {
          if (one.kind === "hello" || one.kind === "reset") number = one.data && "number" in (one.data as object) ? (one as Control).data.number : number;
          if (one.kind === "reset" || one.kind === "skipped") handlers.current.reset?.();
          if (!("number" in one)) continue;
          number = one.number;
          if (gathered.push(one) === 1) document.hidden ? setTimeout(give, 1_000) : requestAnimationFrame(give);
        }
      },
    });
    return () => socket.close();
  }, [query]);
  return link;
}
