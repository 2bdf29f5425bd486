/** Built into the Python package, where the service finds it; nothing is inlined, so that a strict policy holds. */
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

export default defineConfig({
  plugins: [react()],
  build: {
    outDir: "../src/gemel/server/screen",
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: "es2022",
    reportCompressedSize: true,
  },
  server: { proxy: { "/api": { target: "http://127.0.0.1:8000", ws: true }, "/fhir": "http://127.0.0.1:8000" } },
  test: { environment: "jsdom", include: ["test/**/*.test.{ts,tsx}"], restoreMocks: true },
});
