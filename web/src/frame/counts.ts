// The numbers in the rail: read again with each page and every minute while the page is visible.

import { signal } from "@preact/signals";

import { api, type Schemas, take } from "../api/client";

export const counts = signal<Schemas["TaskCounts"] | null>(null);
export const storage = signal<Schemas["Storage"] | null>(null);

const EVERY_MS = 60_000;
let timer: ReturnType<typeof setInterval> | null = null;

/** Read them now; a failure leaves the old ones, and the page says what failed. */
export function refreshCounts(): void {
  if (timer === null) {
    timer = setInterval(() => document.visibilityState === "visible" && read(), EVERY_MS);
  }
  read();
}

function read(): void {
  take(api.GET("/api/v1/tasks/counts")).then((found) => {
    counts.value = found;
  }, ignore);
  take(api.GET("/api/v1/storage")).then((found) => {
    storage.value = found;
  }, ignore);
}

function ignore(): void {
  // the page itself asks the server too, and shows what is wrong
}
