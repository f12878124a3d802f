// What is being uploaded, as the pages see it: one row a file, with its state in signals.

import { batch, computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";

/** What files are for: a task's form, an instance, or the form that starts an app. */
export type Target = ({ task: number } | { instance: number } | { app: string }) & {
  /** For people, in the tray: the name of the task. */
  title?: string;
};

export type State =
  /** Its turn comes by itself: after others, or once the person signed in again. */
  | { is: "waiting" }
  | { is: "sending" }
  | { is: "paused" }
  /** The connection broke; it is tried again by itself. */
  | { is: "broken" }
  /** The page was reloaded, and the browser did not keep the file. */
  | { is: "lost" }
  | { is: "done" }
  /** `waitsForRoom`: before a byte was sent, because the field is full. */
  | { is: "refused"; reason: string; mayRetry: boolean; waitsForRoom?: boolean };

export type Row = {
  /** Unique on this device. */
  readonly key: string;
  readonly target: Target;
  /** Null is the attachments tab of an instance. */
  readonly field: string | null;
  readonly name: string;
  readonly size: number;
  readonly type: string;
  readonly lastModified: number;
  readonly file: Signal<Blob | null>;
  readonly ticket: Signal<number | null>;
  readonly state: Signal<State>;
  readonly sent: Signal<number>;
  /** Bytes a second, averaged over the last seconds. */
  readonly speed: Signal<number | null>;
};

export type NewRow = Omit<Row, "file" | "ticket" | "state" | "sent" | "speed"> & {
  file: Blob | null;
  ticket?: number | null;
  state: State;
};

/** All rows, in the order in which they were chosen. */
export const rows = signal<readonly Row[]>([]);

/** Whether what was there before the page was loaded has been read. */
export const isRestored = signal(false);

export function makeRow({ file, ticket = null, state, ...rest }: NewRow): Row {
  return {
    ...rest,
    file: signal(file),
    ticket: signal(ticket),
    state: signal(state),
    sent: signal(state.is === "done" ? rest.size : 0),
    speed: signal<number | null>(null),
  };
}

export function keyOf(target: Target): string {
  if ("task" in target) {
    return `task ${target.task}`;
  }
  return "app" in target ? `app ${target.app}` : `instance ${target.instance}`;
}

const found = new Map<string, ReadonlySignal<readonly Row[]>>();

/** The rows of a field, in the order in which the files were chosen. The same signal for the same field. */
export function uploadsFor(target: Target, field: string | null): ReadonlySignal<readonly Row[]> {
  const key = `${keyOf(target)} ${field ?? ""}`;
  const known = found.get(key);
  if (known !== undefined) {
    return known;
  }
  const owner = keyOf(target);
  const made = computed(() => rows.value.filter((row) => row.field === field && keyOf(row.target) === owner));
  found.set(key, made);
  return made;
}

export function isPending(row: Row): boolean {
  return !["done", "refused"].includes(row.state.value.is);
}

const counted = new Map<string, ReadonlySignal<number>>();

/** Signatures that were drawn and are not on the server yet, by target; the signature field keeps it. */
export const signing = signal<ReadonlyMap<string, number>>(new Map());

/** How many files of a form are under way. The same signal for the same form. */
export function pending(target: Target): ReadonlySignal<number> {
  const owner = keyOf(target);
  const known = counted.get(owner);
  if (known !== undefined) {
    return known;
  }
  const made = computed(
    () =>
      rows.value.filter((row) => keyOf(row.target) === owner && isPending(row)).length +
      (signing.value.get(owner) ?? 0),
  );
  counted.set(owner, made);
  return made;
}

/** The numbers of what has arrived. */
export function idsOf(of: readonly Row[]): number[] {
  return of.flatMap((row) => (row.state.value.is === "done" && row.ticket.value !== null ? [row.ticket.value] : []));
}

/** How long a row needs for the rest at its present speed. */
export function msLeft(row: Row): number | null {
  const speed = row.speed.value;
  return speed === null || speed < 1 ? null : ((row.size - row.sent.value) / speed) * 1000;
}

/** Which rows the tray counts: those added since nothing was under way. */
const current = signal<ReadonlySet<string>>(new Set());

/** Of those that are or were under way since nothing was: how many, how far, and how long it takes. */
export const overall = computed(() => {
  const all = rows.value.filter((row) => current.value.has(row.key) && row.state.value.is !== "refused");
  const left = all.filter(isPending);
  const size = all.reduce((sum, row) => sum + row.size, 0);
  const sent = all.reduce((sum, row) => sum + (isPending(row) ? row.sent.value : row.size), 0);
  const speed = left.reduce((sum, row) => sum + (row.state.value.is === "sending" ? (row.speed.value ?? 0) : 0), 0);
  return {
    all: all.length,
    done: all.length - left.length,
    pending: left,
    share: size === 0 ? 0 : sent / size,
    msLeft: speed < 1 ? null : ((size - sent) / speed) * 1000,
  };
});

export function addRows(more: readonly Row[]): void {
  batch(() => {
    const wasIdle = !rows.peek().some(isPending);
    current.value = new Set([...(wasIdle ? [] : current.peek()), ...more.filter(isPending).map((row) => row.key)]);
    rows.value = [...rows.peek(), ...more];
  });
}

export function dropRows(gone: ReadonlySet<Row>): void {
  rows.value = rows.peek().filter((row) => !gone.has(row));
}
