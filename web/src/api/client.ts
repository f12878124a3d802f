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

/**
 * Send a request to the API and return its answer, whatever its status.
 *
 * @throws Problem the server could not be reached.
 */
export async function send(request: Request): Promise<Response> {
  const again = request.clone();
  const answer = await sendOnce(request);
  const body = answer.status === 401 || answer.status === 403 ? await problemOf(answer.clone()) : null;
  if (body === null || !isOver(body) || session.value === null) {
    return answer;
  }
  await askToSignIn();
  return sendOnce(again);
}

function isOver(problem: Problem): boolean {
  return ["session_ended", "unauthenticated", "csrf"].includes(problem.code);
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
