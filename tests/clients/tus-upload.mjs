// Uploads a file with tus-js-client, breaks off in the middle, and goes on as a new client would.
// node tus-upload.mjs ENDPOINT TOKEN FILE NAME BREAK_AFTER_BYTES
import { createReadStream, statSync } from "node:fs";
import { basename } from "node:path";
import { Upload } from "tus-js-client";

const [endpoint, token, file, name, breakAfter] = process.argv.slice(2);
const size = statSync(file).size;
const offsets = [];
let location = null;

const upload = (url, limit) =>
  new Promise((resolve, reject) => {
    const job = new Upload(createReadStream(file), {
      endpoint,
      uploadUrl: url,
      uploadSize: size,
      chunkSize: 64 * 1024,
      // The server may still be at the part that was broken off.
      retryDelays: [0, 100, 500, ...Array(60).fill(1000)],
      headers: { Authorization: token },
      metadata: { filename: basename(file), name, filetype: "application/jsonl" },
      onUploadUrlAvailable: () => {
        location = job.url;
      },
      onError: reject,
      onChunkComplete: (_, accepted) => {
        offsets.push(accepted);
        if (accepted >= limit) {
          job.abort().then(() => resolve("broken off"), reject);
        }
      },
      onSuccess: ({ lastResponse }) => resolve({ dataset: lastResponse.getHeader("Beep-Dataset"), version: lastResponse.getHeader("Beep-Version") }),
    });
    job.start();
  });

const first = await upload(null, Number(breakAfter));
const brokenAt = offsets.at(-1);
const second = await upload(location, Infinity);
console.log(JSON.stringify({ first, brokenAt, resumedAt: offsets[offsets.indexOf(brokenAt) + 1], ...second }));
