// Who is signed in, from the first request of the page to signing out.

import { computed, signal } from "@preact/signals";

import { api, type Schemas, send, session, signInAgain, take } from "../api/client";
import { type Problem, problemOf } from "../api/problem";
import { forgetForms } from "../form/form-state";
import { forgetLoaded } from "../load";

export type Me = Schemas["Me"];

export const me = signal<Me | null>(null);

/** Whether the first request was answered; until then the page shows nothing. */
export const isKnown = signal(false);

/** Whether the person may do something with any app, or with this one. */
export function mayAnywhere(right: Schemas["Grant"]["right"]): boolean {
  const who = me.value;
  return who !== null && (who.admin || Object.values(who.rights).some((rights) => rights.includes(right)));
}

export const isAdmin = computed(() => me.value?.admin === true);

/**
 * Find out whether a session from before the page was loaded still holds.
 *
 * @throws Problem the server could not be reached.
 */
export async function resume(): Promise<void> {
  const answer = await send(new Request(new URL("/api/v1/session", location.href)));
  if (answer.ok) {
    session.value = (await answer.json()) as Schemas["Session"];
    me.value = await take(api.GET("/api/v1/me"));
  } else if (answer.status !== 401) {
    throw await problemOf(answer);
  }
  isKnown.value = true;
}

export type SignIn = { email: string; password: string; account?: string };

/** Why a try to sign in failed, and what the form should show. */
export type SignInFault = { problem: Problem; accounts: readonly string[]; waitS: number | null };

/** Open a session. Returns what is wrong, or null. */
export async function signIn(given: SignIn): Promise<SignInFault | null> {
  const answer = await send(
    new Request(new URL("/api/v1/session", location.href), {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(given),
    }),
  );
  if (!answer.ok) {
    const wait = answer.headers.get("Retry-After");
    const body: unknown = await answer
      .clone()
      .json()
      .catch(() => null);
    const accounts = typeof body === "object" && body !== null && "accounts" in body ? (body.accounts as string[]) : [];
    return { problem: await problemOf(answer), accounts, waitS: wait === null ? null : Number(wait) };
  }
  const opened = (await answer.json()) as Schemas["Session"];
  const before = me.value;
  session.value = opened;
  const now = await take(api.GET("/api/v1/me"));
  if (before !== null && before.id !== now.id) {
    forgetForms();
    location.assign("/work"); // what is on the page belongs to somebody else
    return null;
  }
  me.value = now;
  signInAgain.value?.done();
  return null;
}

/** End the session here and on the server, and forget what was read. */
export async function signOut(): Promise<void> {
  await api.DELETE("/api/v1/session").catch(() => null);
  session.value = null;
  me.value = null;
  forgetLoaded();
  forgetForms();
}
