// What the record of an attempt says of the request and the reply. Other kinds of calls, and earlier records, say less.

import type { Schemas } from "../../api/client";

export type Exchange = {
  /** Method and address. */
  line: string | null;
  /** A null value stands for a secret. */
  headers: readonly (readonly [string, string | null])[];
  parts: readonly { name: string; file: number | null }[];
  mediaType: string | null;
  sentBytes: number | null;
  filesSent: readonly number[];
  status: number | null;
  receivedBytes: number | null;
  filesReceived: readonly number[];
  /** How the reply begins. */
  reply: string;
  note: string | null;
};

type Details = Schemas["CallAttempt"]["details"];

function text(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

function count(value: unknown): number | null {
  return typeof value === "number" ? value : null;
}

function numbers(value: unknown): readonly number[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === "number") : [];
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

/** Read the details of an attempt, whatever is missing in them. */
export function exchangeOf(details: Details): Exchange {
  const request = record(details.request);
  const url = text(request.url) ?? text(details.url);
  const headers = Array.isArray(request.headers) ? request.headers : [];
  const parts = Array.isArray(request.parts) ? request.parts : [];
  return {
    line: url === null ? null : `${text(request.method) ?? ""} ${url}`.trim(),
    headers: headers.map((one) => [String(record(one).name ?? ""), text(record(one).value)] as const),
    parts: parts.map((one) => ({ name: String(record(one).name ?? ""), file: count(record(one).file) })),
    mediaType: text(request.media_type),
    sentBytes: count(details.sent_bytes) ?? count(request.body_bytes),
    filesSent: numbers(details.files_sent),
    status: count(details.status),
    receivedBytes: count(details.received_bytes),
    filesReceived: numbers(details.files_received),
    reply: text(details.reply) ?? "",
    note: text(details.note),
  };
}
