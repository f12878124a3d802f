// Uploads a file to a ticket's tus address with tus-js-client, breaking off as often as it is told and resuming.
// Usage: node upload.mjs TUS_URL FILE INTERRUPTIONS; prints what happened as one JSON object.

import fs from "node:fs";
import { Upload } from "tus-js-client";

const [url, path, interruptions] = process.argv.slice(2);
const size = fs.statSync(path).size;
const resumedAt = [];
let broken = 0;

function attempt() {
  return new Promise((resolve, reject) => {
    let first = true;
    const upload = new Upload(fs.createReadStream(path), {
      uploadUrl: url,
      uploadSize: size,
      chunkSize: 16 * 1024 * 1024,
      retryDelays: null,
      onChunkComplete: (_chunk, accepted) => {
        if (first) {
          resumedAt.push(accepted);
          first = false;
        }
        if (broken < Number(interruptions) && accepted > ((broken + 1) * size) / 4) {
          broken += 1;
          upload.abort().then(() => resolve(false), reject);
        }
      },
      onSuccess: () => resolve(true),
      onError: reject,
    });
    upload.start();
  });
}

let done = false;
while (!done) {
  done = await attempt();
}
process.stdout.write(JSON.stringify({ interruptions: broken, resumed_at: resumedAt }));
