/** One WebSocket that comes back by itself: waits a little longer after each failure, goes on from where it was, and
 * holds a silence for a cut (the service says something every few seconds). */

export interface LinkState {
  is: "connecting" | "live" | "cut";
  /** Since when (ms since 1970). */
  since: number;
}

export interface Socket {
  close(): void;
}

export interface Wanted {
  /** The address, asked for anew at each attempt: it names the last number seen. */
  address: () => string;
  heard: (frame: unknown) => void;
  state: (link: LinkState) => void;
  silence?: number;
}

const FIRST = 500;
const LONGEST = 15_000;
const SILENCE = 20_000;

/** How long to wait before the attempt after so many failures: doubled each time, up to a quarter of a minute. */
export const pause = (failures: number): number => Math.min(LONGEST, FIRST * 2 ** Math.min(failures, 10));

export function openSocket({ address, heard, state, silence = SILENCE }: Wanted): Socket {
  let socket: WebSocket | undefined;
  let failures = 0;
  let ended = false;
  let again: ReturnType<typeof setTimeout> | undefined;
  let watch: ReturnType<typeof setTimeout> | undefined;
  let link: LinkState = { is: "connecting", since: Date.now() };

  function tell(is: LinkState["is"]) {
    if (link.is === is) return;
    link = { is, since: Date.now() };
    state(link);
  }
  function alive() {
    clearTimeout(watch);
    watch = setTimeout(() => socket?.close(), silence);
  }
  function open() {
    socket = new WebSocket(address());
    alive();
    socket.onmessage = (event: MessageEvent<string>) => {
      failures = 0;
      alive();
      tell("live");
      heard(JSON.parse(event.data));
    };
    socket.onclose = () => {
      clearTimeout(watch);
      if (ended) return;
      tell("cut");
      again = setTimeout(open, pause(failures++));
    };
  }
  /** The system says that the network has gone, or is back: no need to wait for the silence. */
  const gone = () => socket?.close();
  const back = () => {
    if (link.is !== "cut") return;
    clearTimeout(again);
    open();
  };
  addEventListener("offline", gone);
  addEventListener("online", back);
  state(link);
  open();
  return {
    close() {
      ended = true;
      removeEventListener("offline", gone);
      removeEventListener("online", back);
      clearTimeout(again);
      clearTimeout(watch);
      socket?.close();
    },
  };
}

/** The address of the stream on the machine this page came from. */
export function streamAt(query: Record<string, string | number | undefined>): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== "");
  const search = new URLSearchParams(given.map(([key, value]) => [key, String(value)]));
  return `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/api/stream?${search}`;
}
