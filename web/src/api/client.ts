// The API, typed by its description. Every request of the application goes through `send`.
//
// - A change carries the session's CSRF token.
// - A request that finds the session ended waits until the person signed in again, and is then sent once more.
// - Whatever else fails is a `Problem` that says what happened and what to do.

import { signal } from "@preact/signals";
import createClient from "openapi-fetch";

import { texts } from "../texts";
import { Problem, problemOf } from "./problem";
import type { components, paths } from "./types";

export type Schemas = components["schemas"];

/** What the session gave: its token is required for every change. */
export const session = signal<Schemas["Session"] | null>(null);

/** Resolves once the person signed in again; null while no session has ended. */
export const signInAgain = signal<{ done: () => void } | null>(null);

let waiting: Promise<void> | null = null;

/** Ask the person to sign in again, once for all requests that need it. */
export function askToSignIn(): Promise<void> {
  waiting ??= new Promise<void>((resolve) => {
    signInAgain.value = {
      done: () => {
        signInAgain.value = null;
        waiting = null;
        resolve();
      },
    };
  });
  return waiting;
}

const SAFE = new Set(["GET", "HEAD"]);
const SESSION = "/api/v1/session";
const OVER = ["session_ended", "unauthenticated"];

/**
 * Send a request to the API and return its answer, whatever its status.
 *
 * @throws Problem the server could not be reached.
 */
export async function send(request: Request): Promise<Response> {
  const again = request.clone();
  const answer = await sendOnce(request);
  if (session.value === null || new URL(request.url).pathname === SESSION) {
    return answer;
  }
  if (answer.status === 401 && OVER.includes((await problemOf(answer.clone())).code)) {
    await askToSignIn();
    return sendOnce(again);
  }
  if (answer.status === 403 && !SAFE.has(request.method) && (await isOtherSession())) {
    return sendOnce(again);
  }
  return answer;
}

/** Whether another tab signed in anew meanwhile, so that the token of this page is that of an earlier session. */
async function isOtherSession(): Promise<boolean> {
  const before = session.value;
  const answer = await sendOnce(new Request(new URL(SESSION, location.href)));
  if (!answer.ok) {
    return false;
  }
  const now = (await answer.json()) as Schemas["Session"];
  if (before === null || now.csrf_token === before.csrf_token) {
    return false;
  }
  if (now.user !== before.user) {
    location.assign("/work"); // what is on the page belongs to somebody else
    return false;
  }
  session.value = now;
  return true;
}

async function sendOnce(request: Request): Promise<Response> {
  if (!SAFE.has(request.method) && session.value !== null) {
    request.headers.set("X-CSRF-Token", session.value.csrf_token);
  }
  try {
    return await fetch(request);
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") {
      throw error;
    }
    throw new Problem({ code: "offline", status: 0, detail: texts.problems.offline });
  }
}

export const api = createClient<paths>({ baseUrl: "", fetch: send });

type Answer<T> = { data?: T; error?: unknown; response: Response };

/**
 * Return what an answer of the API holds.
 *
 * @throws Problem it is a refusal, or no answer of Satchel.
 */
export async function take<T>(answer: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await answer;
  if (!response.ok) {
    throw Problem.from(error, response.status);
  }
  return data as T;
}
