// Names of the people and groups that a page mentions by number, also of people who have left; read once.

import { signal } from "@preact/signals";

import { api, take } from "../../api/client";
import { knownGroups } from "../../form/people";
import { me } from "../../session/session";

const people = signal<ReadonlyMap<number, string>>(new Map());
const requested = new Set<number>();
const PAGE = 200;

/** Return a person's name; an empty text while it is read, and where there is no such person. */
export function personName(id: number): string {
  const who = me.value;
  return who?.id === id ? who.name : (people.value.get(id) ?? "");
}

/** Return a group's name; an empty text while it is read. */
export function groupName(id: number): string {
  return knownGroups.value?.find((group) => group.id === id)?.name ?? "";
}

/** Read the names of these people, as far as they are unknown. A failure leaves them empty. */
export async function learnPeople(ids: Iterable<number | null>): Promise<void> {
  const missing = new Set<number>();
  for (const id of ids) {
    if (id !== null && !requested.has(id)) {
      missing.add(id);
      requested.add(id);
    }
  }
  missing.delete(me.value?.id ?? 0);
  if (missing.size > 0) {
    await readPeople(missing).catch(() => {
      for (const id of missing) {
        requested.delete(id);
      }
    });
  }
}

async function readPeople(ids: ReadonlySet<number>): Promise<void> {
  const all = [...ids];
  for (let at = 0; at < all.length; at += PAGE) {
    const query = { id: all.slice(at, at + PAGE).join(","), limit: PAGE };
    const page = await take(api.GET("/api/v1/users", { params: { query } }));
    people.value = new Map([...people.value, ...page.items.map((user) => [user.id, user.name] as const)]);
  }
}

/** Read the names of the account's groups, once. */
export async function learnGroups(): Promise<void> {
  if (knownGroups.value !== null) {
    return;
  }
  try {
    knownGroups.value = (await take(api.GET("/api/v1/groups"))).items;
  } catch {
    // the page shows what it can without them
  }
}
