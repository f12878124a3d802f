// Builds the application into the Python package, where surfaces/ui serves it from.
//
// `SATCHEL_DEMO` names a running Satchel for `make web-dev`: requests to the API go there.
import { defineConfig, loadEnv, type Plugin } from "vite";

const FIRST_PAINT = "/src/device/first-paint.js";

/** Puts the script that sets the theme into the page's head: before the first paint, so not as a module. */
function firstPaint(): Plugin {
  let file: string | null = null;
  return {
    name: "first-paint",
    generateBundle: {
      order: "pre",
      async handler() {
        const source = await this.fs.readFile(`.${FIRST_PAINT}`);
        file = this.getFileName(this.emitFile({ type: "asset", name: "first-paint.js", source }));
      },
    },
    transformIndexHtml: {
      order: "post",
      handler: () => [
        { tag: "script", attrs: { src: file === null ? FIRST_PAINT : `/${file}` }, injectTo: "head-prepend" },
      ],
    },
  };
}

export default defineConfig(({ mode }) => ({
  plugins: [firstPaint()],
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  resolve: { dedupe: ["preact"] },
  build: {
    outDir: "../src/satchel/surfaces/ui/static",
    emptyOutDir: true,
    assetsInlineLimit: 0, // data: addresses are refused by the Content-Security-Policy
    manifest: true, // for tools/check-build.mjs; never served
    license: { fileName: "licenses.md" }, // of the packages that the build contains
    modulePreload: { polyfill: false },
    target: "es2022",
  },
  server: {
    host: "127.0.0.1",
    port: 5173,
    strictPort: true,
    proxy: { "/api": { target: loadEnv(mode, ".", "SATCHEL_").SATCHEL_DEMO ?? "http://127.0.0.1:8080" } },
  },
}));
