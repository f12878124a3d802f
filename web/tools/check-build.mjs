// Fails where a page of the build has grown past its limit, or Preact is there twice: node check-build.mjs static lock
//
// A page's script is the entry and the lazy chunks that the entry loads from the page's folder, each with all that it
// imports statically, by Vite's manifest and in the bytes of gzip. A page without a lazy chunk is part of the entry.

import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";

const KB = 1000;
const LIMITS_KB = { "src/pages/work/": 40, "src/pages/task/": 60 }; // script of a page, by its folder
const FIRST_VISIT_KB = 120; // everything that a first visit loads until the work list is there
const FIRST_VISIT = ["src/session/", "src/pages/work/"];

const [folder, lock] = process.argv.slice(2);
if (lock === undefined) {
  console.error("usage: node check-build.mjs folder package-lock.json");
  process.exit(2);
}
const manifest = JSON.parse(readFileSync(join(folder, ".vite", "manifest.json"), "utf8"));
const faults = [];

/** Return the names of the files of these chunks, and of all that they import statically. */
function filesOf(keys, found = new Set(), seen = new Set()) {
  for (const key of keys.filter((one) => !seen.has(one))) {
    seen.add(key);
    const chunk = manifest[key];
    for (const file of [chunk.file, ...(chunk.css ?? []), ...(chunk.assets ?? [])]) {
      found.add(file);
    }
    filesOf(chunk.imports ?? [], found, seen);
  }
  return found;
}

/** Return the bytes that files take on their way, in kB. */
function weight(files) {
  const sizes = [...files].map((file) => {
    const path = join(folder, file);
    return statSync(`${path}.gz`, { throwIfNoEntry: false })?.size ?? statSync(path).size;
  });
  return sizes.reduce((sum, size) => sum + size, 0) / KB;
}

function judge(what, size, limit) {
  const said = `${what}: ${size.toFixed(1)} of ${limit} kB`;
  if (size > limit) {
    faults.push(`${said}. Load what is not needed at once by import(), or drop it.`);
  } else {
    console.log(`   ${said}`);
  }
}

const entries = Object.keys(manifest).filter((key) => manifest[key].isEntry);
const pages = new Set(entries.flatMap((key) => lazyOf(key)));

/** Return the keys of the chunks that an entry, or what it imports statically, loads when they are needed. */
function lazyOf(key, seen = new Set()) {
  if (seen.has(key)) {
    return [];
  }
  seen.add(key);
  const { imports = [], dynamicImports = [] } = manifest[key];
  return [...dynamicImports, ...imports.flatMap((one) => lazyOf(one, seen))];
}

/** Return the keys of the entry and of the lazy chunks from these folders. */
function keysOf(folders) {
  return [...entries, ...[...pages].filter((key) => folders.some((one) => key.startsWith(one)))];
}

for (const [page, limit] of Object.entries(LIMITS_KB)) {
  const scripts = [...filesOf(keysOf([page]))].filter((file) => file.endsWith(".js"));
  judge(`script with ${page}`, weight(scripts), limit);
}
judge("first visit in all", weight(filesOf(keysOf(FIRST_VISIT)).add("index.html")), FIRST_VISIT_KB);

const packages = JSON.parse(readFileSync(lock, "utf8")).packages;
const copies = Object.entries(packages).filter(([place]) => place.endsWith("node_modules/preact"));
if (copies.length !== 1 || !copies[0][1].version.startsWith("10.")) {
  const said = copies.map(([place, { version }]) => `${place} ${version}`).join(", ") || "none";
  faults.push(`there must be one copy of Preact, and of version 10 (bpmn-js breaks with others): ${said}`);
}
for (const fault of faults) {
  console.error(fault);
}
process.exit(faults.length > 0 ? 1 : 0);
