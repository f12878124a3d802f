// Names of the account's people and groups, read once and kept.

import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";

import { api, type Schemas, take } from "../api/client";

type Person = Pick<Schemas["User"], "id" | "name">;

const people = signal<readonly Person[] | null>(null);
let reading: Promise<void> | null = null;

export const knownGroups = signal<readonly Schemas["Group"][] | null>(null);

const PAGE = 200;

async function readPeople(): Promise<void> {
  const all: Person[] = [];
  let cursor: string | null = null;
  do {
    const page: Schemas["Users"] = await take(
      api.GET("/api/v1/users", {
        params: { query: { limit: PAGE, ...(cursor === null ? {} : { cursor }) } },
      }),
    );
    all.push(...page.items.filter((person) => person.active));
    cursor = page.next;
  } while (cursor !== null);
  people.value = all;
}

/** Return everybody who may be chosen; nobody until they were read. */
export function usePeople(): readonly Person[] {
  useEffect(() => {
    if (reading === null) {
      reading = readPeople().catch(() => {
        reading = null; // the next one who needs them tries again
      });
    }
  }, []);
  return people.value ?? [];
}

/** Return a person's name; their number while it is not known. */
export function personName(id: number): string {
  return people.value?.find((person) => person.id === id)?.name ?? (people.value === null ? "" : `#${id}`);
}

export function groupName(id: number): string {
  return knownGroups.value?.find((group) => group.id === id)?.name ?? `#${id}`;
}
