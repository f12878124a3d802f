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

/** Read the names of these people, as far as they are unknown. A failure leaves them empty: the page says what it can. */
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

async function readPeople(missing: Set<number>): Promise<void> {
  let cursor: string | null = String(Math.min(...missing) - 1); // the list is by number
  while (cursor !== null && missing.size > 0) {
    const query = { cursor, limit: PAGE };
    const page: { items: readonly { id: number; name: string }[]; next: string | null } = await take(
      api.GET("/api/v1/users", { params: { query } }),
    );
    const found = new Map(people.value);
    for (const user of page.items) {
      found.set(user.id, user.name);
      missing.delete(user.id);
    }
    people.value = found;
    cursor = page.next;
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
