// What this browser remembers of uploads, so that a reloaded page continues them: IndexedDB, by person.
//
// A ticket's number is kept, never its secret address: the session's cookie opens it. Files of up to 50 MiB are kept
// themselves; of larger ones only what tells whether the same file is chosen again.

import type { DBSchema, IDBPDatabase } from "idb";

import type { Target } from "./rows";

export type Kept = {
  key: string;
  user: number;
  target: Target;
  field: string | null;
  name: string;
  size: number;
  type: string;
  lastModified: number;
  ticket: number | null;
  state: "open" | "paused" | "done";
  file: Blob | null;
};

const KEPT_FILE_BYTES = 50 * 1024 * 1024;
const KEPT_BYTES = 500 * 1024 * 1024;

interface Schema extends DBSchema {
  uploads: { key: string; value: Kept; indexes: { user: number } };
}

let opened: Promise<IDBPDatabase<Schema> | null> | null = null;

function database(): Promise<IDBPDatabase<Schema> | null> {
  opened ??= import("idb")
    .then(({ openDB }) =>
      openDB<Schema>("satchel", 1, {
        upgrade(made) {
          made.createObjectStore("uploads", { keyPath: "key" }).createIndex("user", "user");
        },
      }),
    )
    .catch((error: unknown) => {
      console.warn("This browser keeps nothing: a reload ends the uploads of this page.", error);
      opened = null;
      return null;
    });
  return opened;
}

let last: Promise<unknown> = Promise.resolve();

/** Do something with the database, one after another; without one, or without room, nothing is remembered. */
function attempt<T>(work: (db: IDBPDatabase<Schema>) => Promise<T>): Promise<T | null> {
  const turn = last.then(async () => {
    const db = await database();
    try {
      return db === null ? null : await work(db);
    } catch (error) {
      console.warn("An upload could not be remembered.", error);
      return null;
    }
  });
  last = turn;
  return turn;
}

/** Remember an upload, with its file where it is small enough. */
export async function keep(record: Kept): Promise<void> {
  const isSmall = record.file !== null && record.file.size <= KEPT_FILE_BYTES;
  await attempt(async (db) => {
    const all = await db.getAllFromIndex("uploads", "user", record.user);
    const used = all.reduce((sum, one) => sum + (one.key === record.key ? 0 : (one.file?.size ?? 0)), 0);
    const file = isSmall && used + (record.file?.size ?? 0) <= KEPT_BYTES ? record.file : null;
    try {
      await db.put("uploads", { ...record, file });
    } catch (error) {
      if (file === null) {
        throw error;
      }
      await db.put("uploads", { ...record, file: null }); // no room for the file itself
    }
    if (file !== null && (await navigator.storage?.persisted?.()) === false) {
      await navigator.storage.persist();
    }
  });
}

/** Change what is remembered of an upload; what is unknown stays so. */
export async function change(key: string, changes: Partial<Pick<Kept, "ticket" | "state" | "file">>): Promise<void> {
  await attempt(async (db) => {
    const store = db.transaction("uploads", "readwrite").store;
    const known = await store.get(key);
    if (known !== undefined) {
      await store.put({ ...known, ...changes });
    }
  });
}

export async function forget(keys: readonly string[]): Promise<void> {
  await attempt(async (db) => {
    const store = db.transaction("uploads", "readwrite").store;
    await Promise.all(keys.map((key) => store.delete(key)));
  });
}

export async function keptOf(user: number): Promise<Kept[]> {
  return (await attempt((db) => db.getAllFromIndex("uploads", "user", user))) ?? [];
}

export async function forgetUser(user: number): Promise<void> {
  await forget((await keptOf(user)).map((record) => record.key));
}
