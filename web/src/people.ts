// Names of the account's people and groups by their numbers, also of people who have left; each is read once.

import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";

import { api, type Schemas, take } from "./api/client";
import { me } from "./session/session";
import { texts } from "./texts";

export type Person = Pick<Schemas["User"], "id" | "name">;
export type Group = Schemas["Group"];

const PAGE = 200;
const MOST_FOUND = 20;

/** By number; null stands for one of whom the server has no name. */
const names = signal<ReadonlyMap<number, string | null>>(new Map());
const requested = new Set<number>();
let wanted = new Set<number>();

/** The account's groups; null until they were read. */
export const knownGroups = signal<readonly Group[] | null>(null);

/** Return a person's name; an empty text while it is read, and where there is no such person. */
export function personName(id: number): string {
  const who = me.value;
  return who?.id === id ? who.name : (names.value.get(id) ?? "");
}

/** Return a person's name, or "Person 7" for one of whom the server has none; an empty text while it is read. */
export function shownName(id: number): string {
  return personName(id) || (names.value.has(id) ? texts.instance.person(id) : "");
}

/** Return a group's name; an empty text while it is read. */
export function groupName(id: number): string {
  return knownGroups.value?.find((group) => group.id === id)?.name ?? "";
}

/** Read a person's name and return it as `shownName` does; what is shown together is read together. */
export function usePersonName(id: number | null): string {
  useEffect(() => void learnPeople([id]), [id]);
  return id === null ? "" : shownName(id);
}

/** Read the names of these people, as far as they are unknown. A failure leaves them empty until the next time. */
export async function learnPeople(ids: Iterable<number | null>): Promise<void> {
  for (const id of ids) {
    if (id !== null && id !== me.peek()?.id && !requested.has(id)) {
      requested.add(id);
      wanted.add(id);
    }
  }
  await Promise.resolve(); // others ask in the same moment
  const now = [...wanted];
  wanted = new Set();
  for (let at = 0; at < now.length; at += PAGE) {
    const some = now.slice(at, at + PAGE);
    await readPeople(some).catch(() => {
      for (const id of some) {
        requested.delete(id);
      }
    });
  }
}

async function readPeople(ids: readonly number[]): Promise<void> {
  const query = { id: ids.join(","), limit: PAGE };
  const page = await take(api.GET("/api/v1/users", { params: { query } }));
  const found = new Map(page.items.map((user) => [user.id, user.name]));
  names.value = new Map([...names.value, ...ids.map((id) => [id, found.get(id) ?? null] as const)]);
}

/**
 * Find people who may be chosen, by a part of their names.
 *
 * @throws Problem the server could not be asked.
 */
export async function findPeople(text: string): Promise<Person[]> {
  const query = { limit: PAGE, ...(text === "" ? {} : { q: text }) };
  const page = await take(api.GET("/api/v1/users", { params: { query } }));
  const found = page.items.filter((person) => person.active).slice(0, MOST_FOUND);
  names.value = new Map([...names.value, ...found.map((person) => [person.id, person.name] as const)]);
  return found.map(({ id, name }) => ({ id, name }));
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

let reader: number | null = null;

// Another person may be of another account.
me.subscribe((who) => {
  const id = who?.id ?? null;
  if (id !== reader) {
    reader = id;
    names.value = new Map();
    requested.clear();
    knownGroups.value = null;
  }
});
