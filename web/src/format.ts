// Numbers, sizes and times, as the browser's language writes them.

export type Count = number;

/** "1 file", "3 files". */
export function plural(count: Count, one: string, many: string): string {
  return `${number(count)} ${count === 1 ? one : many}`;
}

const numbers = new Intl.NumberFormat();

export function number(value: number): string {
  return numbers.format(value);
}

const UNITS = ["B", "kB", "MB", "GB", "TB"] as const;

/** Bytes in steps of a thousand, with one digit where it says something: 1.2 MB, 84 kB. */
export function bytes(count: number): string {
  let value = count;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit > 0 && value < 99.95 ? 1 : 0;
  const text = new Intl.NumberFormat(undefined, { maximumFractionDigits: digits }).format(value);
  return `${text} ${UNITS[unit]}`;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const dayOfWeek = new Intl.DateTimeFormat(undefined, { weekday: "short", day: "numeric", month: "short" });
const dayOfYear = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const dayOfOther = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric" });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });
const date = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const ago = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });

export function startOfDay(at: Date): Date {
  return new Date(at.getFullYear(), at.getMonth(), at.getDate());
}

/** Whole days from one day to another, whatever the hours. */
export function daysBetween(from: Date, to: Date): number {
  return Math.round((startOfDay(to).getTime() - startOfDay(from).getTime()) / DAY_MS);
}

/** 14:02 today, otherwise the day. */
export function shortTime(text: string, now = new Date()): string {
  const at = new Date(text);
  if (daysBetween(at, now) === 0) {
    return clock.format(at);
  }
  return (at.getFullYear() === now.getFullYear() ? dayOfYear : dayOfOther).format(at);
}

/** 24 Nov, 09:12. */
export function dayAndTime(text: string, now = new Date()): string {
  const at = new Date(text);
  return `${(at.getFullYear() === now.getFullYear() ? dayOfYear : dayOfOther).format(at)}, ${clock.format(at)}`;
}

export function fullTime(text: string): string {
  return full.format(new Date(text));
}

/** A date without a time, such as 2026-11-30, which has no time zone. */
export function plainDate(text: string): string {
  const [year, month, day] = text.split("-").map(Number);
  return date.format(new Date(year ?? 0, (month ?? 1) - 1, day ?? 1));
}

/** "2 minutes ago". */
export function since(at: Date, now = new Date()): string {
  const ms = at.getTime() - now.getTime();
  if (ms > -MINUTE_MS) {
    return ago.format(Math.round(ms / 1000), "second");
  }
  return ms > -HOUR_MS
    ? ago.format(Math.round(ms / MINUTE_MS), "minute")
    : ago.format(Math.round(ms / HOUR_MS), "hour");
}

export type Due = { group: "overdue" | "today" | "week" | "later" | "none"; text: string; tone: "bad" | "warn" | null };

/** What a row of the work list says of a due time. */
export function due(text: string | null, isOverdue: boolean, now = new Date()): Due {
  if (text === null) {
    return { group: "none", text: "no date", tone: null };
  }
  const at = new Date(text);
  if (isOverdue) {
    return { group: "overdue", text: `${span(now.getTime() - at.getTime())} late`, tone: "bad" };
  }
  const days = daysBetween(now, at);
  if (days <= 0) {
    return { group: "today", text: `at ${clock.format(at)}`, tone: "warn" };
  }
  return { group: days <= 7 ? "week" : "later", text: (days <= 7 ? dayOfWeek : dayOfYear).format(at), tone: null };
}

/** A time span in its largest unit: "2 days", "5 hours", "40 s". */
export function span(ms: number): string {
  if (ms < MINUTE_MS) {
    return `${Math.max(1, Math.round(ms / 1000))} s`;
  }
  if (ms < HOUR_MS) {
    return `${Math.round(ms / MINUTE_MS)} min`;
  }
  if (ms < DAY_MS) {
    return plural(Math.round(ms / HOUR_MS), "hour", "hours");
  }
  return plural(Math.round(ms / DAY_MS), "day", "days");
}

/** The first letters of the first and the last word. */
export function initials(name: string): string {
  const words = name.split(/\s+/).filter((word) => word !== "");
  const letters = words.length > 1 ? [words[0], words[words.length - 1]] : [words[0]];
  return letters
    .map((word) => Array.from(word ?? "?")[0])
    .join("")
    .toUpperCase();
}
