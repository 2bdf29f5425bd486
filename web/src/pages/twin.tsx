export default function Twin() {
  return <h1>Twin</h1>;
}
