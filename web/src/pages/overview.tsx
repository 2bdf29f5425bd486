import { words } from "../words";

export default function Overview() {
  return <h1>{words.nav.overview}</h1>;
}
