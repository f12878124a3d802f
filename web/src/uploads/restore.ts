// After the page was loaded: what this browser remembers, and what the server holds for forms that were not sent yet.

import { api, type Schemas, send, take } from "../api/client";
import { me } from "../session/session";
import { forget, type Kept, keptOf } from "./kept";
import { hold } from "./locks";
import { next } from "./queue";
import { addRows, isRestored, makeRow, type NewRow, type Row, rows, type State, type Target } from "./rows";
import { tusAddress } from "./sending";
import { givenBack } from "./ticket";

type Upload = Schemas["Upload"];
const PAGE = 200;
const AGAIN_MS = 5_000;

/** Show again what a person was uploading, and continue it where the browser kept the file. */
export async function restore(user: number): Promise<void> {
  try {
    const [records, uploads] = await Promise.all([keptOf(user), openUploads()]);
    const byTicket = new Map(uploads.map((upload) => [upload.id, upload]));
    const found = await Promise.all(records.map((record) => rowOf(record, byTicket)));
    if (me.peek()?.id !== user) {
      return;
    }
    const known = new Set(records.map((record) => record.ticket));
    show([...found, ...(await finishedElsewhere(uploads, known))]);
    isRestored.value = true;
    next();
  } catch {
    setTimeout(() => me.peek()?.id === user && void restore(user), AGAIN_MS); // the page itself says what is wrong
  }
}

/** Look again for finished uploads, of which a form knows the numbers and this page does not. */
export async function findFinished(): Promise<void> {
  const uploads = await openUploads();
  show(await finishedElsewhere(uploads, new Set()));
}

function show(found: readonly (Row | null)[]): void {
  const keys = new Set(rows.peek().map((row) => row.key));
  const tickets = new Set(rows.peek().map((row) => row.ticket.peek()));
  const fresh = found.filter((row): row is Row => {
    const ticket = row?.ticket.peek() ?? null;
    const isKnown = row === null || keys.has(row.key) || (ticket !== null && tickets.has(ticket));
    return !isKnown && (ticket === null || !givenBack.has(ticket));
  });
  if (fresh.length > 0) {
    addRows(fresh);
  }
}

async function openUploads(): Promise<Upload[]> {
  const all: Upload[] = [];
  let cursor: string | null = null;
  do {
    const query: { limit: number; cursor?: string } = { limit: PAGE, ...(cursor === null ? {} : { cursor }) };
    const page: Schemas["Uploads"] = await take(api.GET("/api/v1/uploads", { params: { query } }));
    all.push(...page.items);
    cursor = page.next;
  } while (cursor !== null);
  return all;
}

async function rowOf(record: Kept, uploads: ReadonlyMap<number, Upload>): Promise<Row | null> {
  const upload = record.ticket === null ? undefined : uploads.get(record.ticket);
  if (upload?.state === "uploaded") {
    return made(record, { is: "done" });
  }
  if (record.state === "done" || (record.ticket !== null && upload === undefined && (await isClaimed(record.ticket)))) {
    await forget([record.key]); // the form was sent, or the time for it passed
    return null;
  }
  if (!(await hold(record.key))) {
    return null; // another page of this browser sends it
  }
  const state: State =
    record.file === null ? { is: "lost" } : record.state === "paused" ? { is: "paused" } : { is: "waiting" };
  const row = made({ ...record, ticket: upload === undefined ? null : record.ticket }, state);
  if (upload !== undefined) {
    row.sent.value = await offsetOf(upload.id);
  }
  return row;
}

/** How much of a file the server has. */
async function offsetOf(ticket: number): Promise<number> {
  const request = new Request(tusAddress(ticket), { method: "HEAD", headers: { "Tus-Resumable": "1.0.0" } });
  const answer = await send(request).catch(() => null);
  return Number(answer?.headers.get("Upload-Offset") ?? 0);
}

function made(record: Kept, state: State): Row {
  const { user: _, state: __, ...rest } = record;
  return makeRow({ ...rest, state } satisfies NewRow);
}

async function isClaimed(ticket: number): Promise<boolean> {
  const { data } = await api.GET("/api/v1/uploads/{upload}", { params: { path: { upload: ticket } } });
  return data?.state === "claimed";
}

/** What was uploaded on another device, or by a browser that keeps nothing. */
async function finishedElsewhere(uploads: readonly Upload[], known: ReadonlySet<number | null>): Promise<Row[]> {
  const finished = uploads.filter((upload) => upload.state === "uploaded" && !known.has(upload.id));
  const isForStart = (upload: Upload) => upload.task === null && upload.instance === null;
  const codes = finished.some(isForStart)
    ? new Map((await take(api.GET("/api/v1/apps"))).items.map((app) => [app.id, app.code]))
    : new Map<number, string>();
  return finished.flatMap((upload) => {
    const target = targetOf(upload, codes);
    if (target === null || upload.area !== null) {
      return [];
    }
    const row = makeRow({
      key: `ticket ${upload.id}`,
      target,
      field: upload.field,
      name: upload.name ?? String(upload.id),
      size: upload.size ?? upload.declared_size,
      type: upload.media_type ?? "",
      lastModified: Date.parse(upload.created_at),
      file: null,
      ticket: upload.id,
      state: { is: "done" },
    });
    return [row];
  });
}

function targetOf(upload: Upload, codes: ReadonlyMap<number, string>): Target | null {
  if (upload.task !== null) {
    return { task: upload.task };
  }
  if (upload.instance !== null) {
    return null; // files go into an instance as they arrive: this one belongs to a program that is about to do that
  }
  const app = codes.get(upload.app_id);
  return app === undefined ? null : { app };
}
