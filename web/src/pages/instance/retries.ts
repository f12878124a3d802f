// A retry from the click to its end: it waits for its turn, runs, and is done or has failed again.

import { useEffect, useRef, useState } from "preact/hooks";

import { api, type Schemas, take } from "../../api/client";

type Incident = Schemas["Incident"];

export type Retry = {
  /** The incident that was retried; the server closed it. */
  incident: Incident;
  state: "waiting" | "running" | "later" | "done" | "failed";
  /** When the next attempt begins, where there is one later. */
  next: string | null;
};

const FAST_MS = 700;
const SLOW_MS = 4_000;
const FAST_FOR_MS = 30_000;

/** Ask after a retry until it has ended; `onEnd` reads the page again. */
export function useRetry(instance: number, onEnd: () => Promise<void>) {
  const [retry, setRetry] = useState<Retry | null>(null);
  const latest = useRef(onEnd);
  latest.current = onEnd;
  const incident = retry?.incident ?? null;

  useEffect(() => {
    if (incident === null) {
      return;
    }
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isGone = false;
    const started = Date.now();

    async function ask(about: Incident) {
      const now = await progressOf(instance, about).catch(() => null); // the next question may reach the server
      if (isGone) {
        return;
      }
      if (now !== null) {
        setRetry({ incident: about, state: now.state, next: now.next });
      }
      if (now?.state === "done" || now?.state === "failed") {
        await latest.current();
        return;
      }
      timer = setTimeout(() => void ask(about), Date.now() - started < FAST_FOR_MS ? FAST_MS : SLOW_MS);
    }
    timer = setTimeout(() => void ask(incident), FAST_MS);
    return () => {
      isGone = true;
      clearTimeout(timer);
    };
  }, [incident, instance]);

  return {
    retry,
    begin: (of: Incident) => setRetry({ incident: of, state: "waiting", next: null }),
    end: () => setRetry(null),
  };
}

type Progress = { state: Retry["state"]; next: string | null };

async function progressOf(instance: number, about: Incident): Promise<Progress> {
  const query = { instance };
  const open = await take(api.GET("/api/v1/incidents", { params: { query } }));
  if (open.items.some((incident) => incident.element === about.element)) {
    return { state: "failed", next: null };
  }
  const calls = await take(api.GET("/api/v1/instances/{instance}/calls", { params: { path: { instance } } }));
  const call = calls.items.filter((one) => one.element === about.element).at(-1);
  if (call === undefined || call.state !== "waiting") {
    return { state: "done", next: null };
  }
  const record = await take(api.GET("/api/v1/calls/{call}", { params: { path: { call: call.id } } }));
  const attempt = record.attempts.at(-1);
  if (attempt?.state === "running") {
    return { state: "running", next: null };
  }
  const next = record.next_attempt_at;
  return next !== null && new Date(next).getTime() > Date.now()
    ? { state: "later", next }
    : { state: "waiting", next: null };
}
