export default function Together() {
  return <h1>Together</h1>;
}
