// Writes x.br and x.gz beside every file of a build that a browser gets: node compress.mjs folder
//
// The server sends these as they are and compresses nothing itself. Fonts and pictures are compressed already.

import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const COMPRESSIBLE = /\.(css|html|js|json|md|svg|txt|webmanifest)$/;

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  console.error("usage: node compress.mjs folder");
  process.exit(2);
}
for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
  const path = join(entry.parentPath, entry.name);
  const isHidden = path.slice(folder.length).includes("/."); // Vite's manifest
  if (!entry.isFile() || isHidden || !COMPRESSIBLE.test(entry.name)) {
    continue;
  }
  const content = await readFile(path);
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
    [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
    [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
  };
  await writeFile(`${path}.br`, brotliCompressSync(content, { params }));
  await writeFile(`${path}.gz`, gzipSync(content, { level: 9 }));
}
