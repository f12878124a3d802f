// One attempt to send a file into its ticket: begins at the server's offset, ends with what came of it.

import { session } from "../api/client";
import { Problem } from "../api/problem";
import { texts } from "../texts";
import type { Row } from "./rows";

/**
 * A file goes in pieces: a proxy that collects requests loses what it has of one that breaks, and each piece costs a
 * round trip and a pause of the stream. So they begin small and double while a piece takes less than this time.
 */
const FIRST_PIECE_BYTES = 8 * 1024 * 1024;
const LARGEST_PIECE_BYTES = 64 * 1024 * 1024;
const PIECE_MS = 2_000;
const SILENT_MS = 15_000;
/** Once all bytes are out, the server still stores and checks the whole: a minute, and more for large files. */
const FINISH_MS = 60_000;
const FINISH_BYTES_PER_MS = 20_000;
const LOOK_MS = 1_000;

export type End =
  | { is: "done" }
  /** The connection broke or hung, or the server is away. */
  | { is: "broken" }
  /** Somebody else sends, or too much was asked: again after so long. */
  | { is: "later"; ms: number }
  /** The session ended. */
  | { is: "signedOut" }
  /** The ticket does not exist any more. */
  | { is: "gone"; problem: Problem }
  | { is: "refused"; problem: Problem };

export type Attempt = { stop: () => void };

/** The address of a ticket for tus; the one that the API returns has a secret that nobody here needs. */
export function tusAddress(ticket: number): string {
  return new URL(`/api/v1/uploads/${ticket}/tus`, location.href).href;
}

type Events = {
  /** The server has the file up to here: at the begin of an attempt, and after each piece. */
  onOffset: (bytes: number) => void;
  /** Called once, unless the attempt is stopped before. */
  onEnd: (end: End) => void;
};

/** Send the rest of a file. */
export function beginSending(row: Row, ticket: number, file: Blob, { onOffset, onEnd }: Events): Attempt {
  let isOver = false;
  let abort = () => {};
  const meter = measure(row);

  const finish = (end: End) => {
    if (!isOver) {
      stop();
      onEnd(end);
    }
  };
  const stop = () => {
    isOver = true;
    clearInterval(watch);
    row.speed.value = null;
    row.sent.value = meter.at() < 0 ? row.sent.peek() : meter.at();
    abort();
  };
  const watch = setInterval(() => {
    const allowed = meter.at() < row.size ? SILENT_MS : FINISH_MS + row.size / FINISH_BYTES_PER_MS;
    if (meter.silentMs() > allowed) {
      finish({ is: "broken" });
    }
  }, LOOK_MS);

  import("tus-js-client").then(
    ({ Upload }) => {
      if (isOver) {
        return;
      }
      let pieceBegan = performance.now();
      const upload = new Upload(file, {
        uploadUrl: tusAddress(ticket),
        chunkSize: FIRST_PIECE_BYTES,
        retryDelays: null, // the queue decides
        storeFingerprintForResuming: false,
        fingerprint: () => Promise.resolve(""),
        onBeforeRequest: (request) => {
          if (isOver) {
            throw new Error("The attempt was stopped."); // abort() misses a request that is not made yet
          }
          request.setHeader("X-CSRF-Token", session.value?.csrf_token ?? "");
          pieceBegan = performance.now();
        },
        onProgress: (sent) => !isOver && meter.note(sent),
        onAfterResponse: (_, response) => {
          const offset = Number(response.getHeader("Upload-Offset") ?? Number.NaN);
          if (!isOver && Number.isSafeInteger(offset)) {
            onOffset(offset);
          }
        },
        onChunkComplete: (bytes) => {
          if (performance.now() - pieceBegan < PIECE_MS) {
            upload.options.chunkSize = Math.min(2 * bytes, LARGEST_PIECE_BYTES);
          }
        },
        onSuccess: () => finish({ is: "done" }),
        onError: (error) => finish(endOf(error)),
      });
      abort = () => void upload.abort();
      upload.start();
    },
    () => finish({ is: "broken" }),
  );
  return { stop };
}

function endOf(error: unknown): End {
  const answer =
    typeof error === "object" && error !== null && "originalResponse" in error
      ? (error.originalResponse as {
          getStatus(): number;
          getHeader(name: string): string | undefined;
          getBody(): string;
        } | null)
      : null;
  if (answer === null) {
    return { is: "broken" };
  }
  let body: unknown = null;
  try {
    body = JSON.parse(answer.getBody());
  } catch {
    // the answer to HEAD has none, and a proxy's is none of ours
  }
  return endOfAnswer(answer.getStatus(), body, answer.getHeader("Retry-After") ?? null);
}

/** What an answer that refuses means for an upload. */
export function endOfAnswer(status: number, body: unknown, retryAfter: string | null): End {
  const problem = Problem.from(body, status);
  const code = problem.code === "unexpected" ? null : problem.code;
  if (status === 401 || (status === 403 && (code === "csrf" || code === "session_ended"))) {
    return { is: "signedOut" };
  }
  if (status === 409 && code !== "invalid_state") {
    return { is: "later", ms: waitMs(retryAfter) };
  }
  if (status === 404 || status === 410) {
    return { is: "gone", problem };
  }
  if (status === 429) {
    return { is: "later", ms: waitMs(retryAfter) };
  }
  if (status === 0 || status === 408 || (status >= 500 && status !== 507)) {
    return { is: "broken" };
  }
  return {
    is: "refused",
    problem: code === null ? new Problem({ code: "refused", status, detail: texts.uploads.refused.server }) : problem,
  };
}

function waitMs(retryAfter: string | null): number {
  const seconds = Number(retryAfter);
  if (retryAfter === null || retryAfter === "") {
    return 1_000;
  }
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(retryAfter) - Date.now();
  return Math.min(Math.max(Number.isFinite(ms) ? ms : 1_000, 500), 120_000);
}

const AVERAGED_MS = 6_000;
const SHOWN_EVERY_MS = 200;

/** Follow how far a row is, and how fast: over the last seconds, so that the time left does not jump. */
function measure(row: Row) {
  let samples: { ms: number; sent: number }[] = [];
  let at = -1;
  let movedMs = performance.now();
  let shownMs = 0;
  return {
    at: () => at,
    silentMs: () => performance.now() - movedMs,
    note(sent: number) {
      const ms = performance.now();
      if (sent !== at) {
        movedMs = ms;
      }
      at = sent;
      samples = [...samples.filter((sample) => ms - sample.ms < AVERAGED_MS && sample.sent <= sent), { ms, sent }];
      if (ms - shownMs < SHOWN_EVERY_MS && sent < row.size) {
        return;
      }
      shownMs = ms;
      row.sent.value = sent;
      const first = samples[0];
      if (first !== undefined && ms - first.ms > 500) {
        row.speed.value = ((sent - first.sent) / (ms - first.ms)) * 1000;
      }
    },
  };
}
