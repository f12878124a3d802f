// The uploads of this page: three at a time, wherever the person walks in the application.
//
// A row waits, is sent, and ends as done or refused. What interrupts it in between (a pause, a broken connection, a
// session that ended) leaves its ticket, and the next attempt continues at the server's offset.

import { effect } from "@preact/signals";

import { askToSignIn } from "../api/client";
import { newKey } from "../api/keys";
import { refreshCounts, storage } from "../frame/counts";
import { me } from "../session/session";
import { texts } from "../texts";
import { type Given, isImage, type Limits, refusal, roomLeft, typeOf } from "./check";
import { change, forget, forgetUser, type Kept, keep } from "./kept";
import { hold, release } from "./locks";
import { addRows, dropRows, isPending, isRestored, keyOf, makeRow, type Row, rows, type Target } from "./rows";
import { type Attempt, beginSending, type End } from "./sending";
import { giveBack, reserve, wishOf } from "./ticket";

export { idsOf, isRestored, pending, type Row, type Target as UploadTarget, uploadsFor } from "./rows";

const AT_ONCE = 3;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;
/** How often a ticket that expired is replaced by a new one without a byte of progress between. */
const RENEWALS = 2;

/** What only this module knows of a row: `offset` is how much of it the server had when it last said so. */
type Course = { failures: number; renewals: number; reserved: number; offset: number; seenStorage: unknown };

const running = new Map<Row, Attempt>();
const resting = new Map<Row, ReturnType<typeof setTimeout> | null>();
const courses = new WeakMap<Row, Course>();

function courseOf(row: Row): Course {
  const known = courses.get(row) ?? { failures: 0, renewals: 0, reserved: 0, offset: 0, seenStorage: null };
  courses.set(row, known);
  return known;
}

/** Add files to a field: those that it accepts are sent, the others are shown with the reason. */
export function addFiles(target: Target, field: string | null, files: readonly Given[], limits: Limits): void {
  const owner = keyOf(target);
  const there = rows.peek().filter((row) => row.field === field && keyOf(row.target) === owner);
  let used = (limits.held ?? 0) + there.filter((row) => row.state.peek().is !== "refused").length;
  let left = roomLeft();
  if (left !== null) {
    left -= rows.peek().reduce((sum, row) => sum + (isPending(row) && !isCounted(row) ? row.size : 0), 0);
  }
  const added: Row[] = [];
  for (const given of files) {
    const { file } = given;
    const refused = refusal(given, limits, used, left);
    const row = makeRow({
      key: newKey(),
      target,
      field,
      name: file.name === "" ? texts.uploads.unnamed : file.name,
      size: file.size,
      type: typeOf(file),
      lastModified: file.lastModified,
      file,
      state: refused === null ? { is: "waiting" } : { is: "refused", mayRetry: false, ...refused },
    });
    added.push(row);
    if (refused === null) {
      used += 1;
      left = left === null ? null : left - file.size;
      remember(row);
    }
  }
  addRows(added);
  next();
}

/** Whether the storage that was read last includes what is reserved for a row. */
function isCounted(row: Row): boolean {
  return row.ticket.peek() !== null && courseOf(row).seenStorage !== storage.peek();
}

function remember(row: Row): void {
  const user = me.peek()?.id;
  if (user !== undefined) {
    void hold(row.key);
    void keep(recordOf(row, user));
  }
}

function recordOf(row: Row, user: number): Kept {
  const { key, target, field, name, size, type, lastModified } = row;
  const ticket = row.ticket.peek();
  return { key, user, target, field, name, size, type, lastModified, ticket, state: "open", file: row.file.peek() };
}

/** Begin as many as may be sent at once. */
export function next(): void {
  for (const row of rows.peek()) {
    if (running.size >= AT_ONCE) {
      return;
    }
    if (row.state.peek().is === "waiting" && !running.has(row) && !resting.has(row)) {
      void run(row);
    }
  }
}

async function run(row: Row): Promise<void> {
  const file = row.file.peek();
  if (file === null) {
    row.state.value = { is: "lost" };
    return;
  }
  const course = courseOf(row);
  const claim: Attempt = { stop: () => {} };
  running.set(row, claim);
  row.state.value = { is: "sending" };
  let ticket = row.ticket.peek();
  if (ticket === null) {
    const got = await reserve(wishOf(row), `${row.key}-${course.reserved}`);
    if (typeof got === "number") {
      ticket = got;
      course.seenStorage = storage.peek();
      row.ticket.value = ticket;
      void change(row.key, { ticket });
      if (!rows.peek().includes(row)) {
        giveBack(ticket); // it was taken out meanwhile
        return;
      }
    } else if (running.get(row) === claim) {
      course.reserved += got.is === "broken" ? 0 : 1;
      settle(row, got);
      return;
    }
  }
  if (running.get(row) === claim && ticket !== null) {
    running.set(
      row,
      beginSending(row, ticket, file, {
        onOffset: (bytes) => {
          if (bytes > course.offset) {
            course.failures = 0;
            course.renewals = 0;
          }
          course.offset = bytes;
        },
        onEnd: (end) => settle(row, end),
      }),
    );
  }
}

function settle(row: Row, end: End): void {
  running.delete(row);
  const course = courseOf(row);
  switch (end.is) {
    case "done":
      row.sent.value = row.size;
      row.state.value = { is: "done" };
      void change(row.key, { state: "done", ...(isImage(row) ? {} : { file: null }) }); // pictures are shown
      if (!rows.peek().some(isPending)) {
        refreshCounts(); // what is left in the account
      }
      break;
    case "broken":
      row.state.value = { is: "broken" };
      rest(row, Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** course.failures) * (0.8 + Math.random() * 0.4));
      course.failures += 1;
      break;
    case "later":
      row.state.value = { is: "waiting" };
      rest(row, end.ms);
      break;
    case "signedOut":
      row.state.value = { is: "waiting" };
      resting.set(row, null);
      void askToSignIn().then(() => goOn(row));
      break;
    case "gone":
      if (course.renewals < RENEWALS) {
        course.renewals += 1;
        begin(row);
      } else {
        refuse(row, end.problem.message, true);
      }
      break;
    case "refused":
      if (end.problem.status === 507) {
        refreshCounts(); // less is left than was known
      }
      refuse(row, end.problem.message, end.problem.status === 507 || end.problem.code === "too_many_unclaimed");
      break;
  }
  next();
}

/** Forget the ticket of a row, so that it is sent into a new one from its first byte. */
function begin(row: Row): void {
  row.ticket.value = null;
  row.sent.value = 0;
  courseOf(row).reserved += 1;
  courseOf(row).offset = 0;
  row.state.value = { is: "waiting" };
  void change(row.key, { ticket: null, state: "open" });
}

function refuse(row: Row, reason: string, mayRetry: boolean): void {
  row.state.value = { is: "refused", reason, mayRetry };
  const ticket = row.ticket.peek();
  row.ticket.value = null;
  if (ticket !== null) {
    giveBack(ticket);
  }
  void forget([row.key]);
}

function rest(row: Row, ms: number): void {
  clearTimeout(resting.get(row) ?? undefined);
  resting.set(
    row,
    setTimeout(() => goOn(row), ms),
  );
}

/** End a row's rest, if it still waits for its end. */
function goOn(row: Row): void {
  clearTimeout(resting.get(row) ?? undefined);
  resting.delete(row);
  if (["broken", "waiting"].includes(row.state.peek().is)) {
    row.state.value = { is: "waiting" };
    next();
  }
}

function stop(row: Row): void {
  running.get(row)?.stop();
  running.delete(row);
  clearTimeout(resting.get(row) ?? undefined);
  resting.delete(row);
  row.speed.value = null;
}

export function pause(row: Row): void {
  stop(row);
  row.state.value = { is: "paused" };
  void change(row.key, { state: "paused" });
  next();
}

/** Continue what was paused, what broke, or what was refused for a reason that may have passed. */
export function proceed(row: Row): void {
  const before = row.state.peek();
  stop(row);
  if (before.is === "refused") {
    begin(row);
    remember(row);
  } else {
    row.state.value = { is: "waiting" };
    void change(row.key, { state: "open" });
  }
  next();
}

/** Take a file out: nothing of it stays on the server. */
export function remove(row: Row): void {
  dropRows(new Set([row]));
  stop(row);
  const ticket = row.ticket.peek();
  if (ticket !== null) {
    giveBack(ticket);
  }
  void forget([row.key]);
  release(row.key);
  next();
}

/** Continue a file that was chosen again. Returns what is wrong with it, or null. */
export function chooseAgain(row: Row, file: File): string | null {
  if (file.name !== row.name || file.size !== row.size) {
    return texts.uploads.notTheSame;
  }
  row.file.value = file;
  remember(row);
  row.state.value = { is: "waiting" };
  next();
  return null;
}

/** Drop the rows of a form that was sent; with `ids`, only those files, because the form stays open. */
export function claimed(target: Target, ids?: readonly number[]): void {
  const owner = keyOf(target);
  const gone = rows.peek().filter((row) => {
    const ticket = row.ticket.peek();
    return keyOf(row.target) === owner && (ids === undefined || (ticket !== null && ids.includes(ticket)));
  });
  dropRows(new Set(gone));
  for (const row of gone) {
    stop(row);
    const ticket = row.ticket.peek();
    if (ticket !== null && row.state.peek().is !== "done") {
      giveBack(ticket); // the form was sent without it
    }
    release(row.key);
  }
  void forget(gone.map((row) => row.key));
  next();
}

/** Take out all files of a form that is not wanted any more. */
export function discard(target: Target): void {
  const owner = keyOf(target);
  for (const row of rows.peek().filter((one) => keyOf(one.target) === owner)) {
    remove(row);
  }
}

function goOnAll(): void {
  for (const row of rows.peek()) {
    if (row.state.peek().is === "broken") {
      courseOf(row).failures = 0;
      goOn(row);
    }
  }
}

/** Whether leaving the page would interrupt something. */
function isSending(row: Row): boolean {
  return ["waiting", "sending", "broken"].includes(row.state.value.is);
}

function askBeforeLeaving(event: BeforeUnloadEvent): void {
  event.preventDefault();
}

let user: number | null = null;

/** Follow the network, the page and the session from now on; `restore` reads what was there before. */
export function follow(restore: (user: number) => Promise<void>): void {
  addEventListener("online", goOnAll);
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && goOnAll());
  effect(() => {
    if (rows.value.some(isSending)) {
      addEventListener("beforeunload", askBeforeLeaving);
    } else {
      removeEventListener("beforeunload", askBeforeLeaving);
    }
  });
  effect(() => {
    const now = me.value?.id ?? null;
    if (now === user) {
      return;
    }
    if (user !== null) {
      endAll(user);
    }
    user = now;
    if (now !== null) {
      void restore(now);
    }
  });
}

/** The person signed out: nothing of theirs stays on the device. */
function endAll(person: number): void {
  for (const row of rows.peek()) {
    stop(row);
    release(row.key);
  }
  rows.value = [];
  isRestored.value = false;
  void forgetUser(person);
}
