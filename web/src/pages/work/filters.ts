// The filters of the work list, which stand in the page's address.

import { startOfDay } from "../../format";

export type Tab = "mine" | "offered" | "done";
export type DueFilter = "any" | "overdue" | "today" | "week";
export type Sort = "due" | "-opened" | "opened" | "title" | "-closed";

export type Filters = { tab: Tab; app: string; due: DueFilter; sort: Sort; q: string };

const TABS: readonly Tab[] = ["mine", "offered", "done"];
const DUES: readonly DueFilter[] = ["any", "overdue", "today", "week"];
const SORTS: readonly Sort[] = ["due", "-opened", "opened", "title", "-closed"];

function oneOf<T extends string>(value: string | undefined, known: readonly T[], otherwise: T): T {
  return known.find((one) => one === value) ?? otherwise;
}

export function sortsOf(tab: Tab): readonly Sort[] {
  return tab === "done" ? ["-closed", "-opened", "title"] : ["due", "-opened", "opened", "title"];
}

export function filtersOf(query: Record<string, string>): Filters {
  const tab = oneOf(query.tab, TABS, "mine");
  const sorts = sortsOf(tab);
  const sort = oneOf(query.sort, SORTS, sorts[0] ?? "due");
  return {
    tab,
    app: query.app ?? "",
    due: tab === "done" ? "any" : oneOf(query.due, DUES, "any"),
    sort: sorts.includes(sort) ? sort : (sorts[0] ?? "due"),
    q: query.q ?? "",
  };
}

/** Return the address of the page with these filters; what is as usual is left out. */
export function addressOf(filters: Filters): string {
  const query = new URLSearchParams();
  const usual = filtersOf({ tab: filters.tab });
  for (const name of ["app", "due", "sort", "q"] as const) {
    if (filters[name] !== usual[name]) {
      query.set(name, filters[name]);
    }
  }
  if (filters.tab !== "mine") {
    query.set("tab", filters.tab);
  }
  const text = query.toString();
  return text === "" ? "/work" : `/work?${text}`;
}

/** Whether anything but the tab and the order narrows the list. */
export function isFiltered(filters: Filters): boolean {
  return filters.app !== "" || filters.due !== "any" || filters.q !== "";
}

const DAY_MS = 86_400_000;

/** Return the query of the API for these filters. */
export function queryOf(filters: Filters, now = new Date()) {
  const endOf = (days: number) => new Date(startOfDay(now).getTime() + days * DAY_MS).toISOString();
  return {
    filter: filters.tab,
    sort: filters.sort,
    ...(filters.app === "" ? {} : { app: filters.app }),
    ...(filters.q.trim() === "" ? {} : { q: filters.q.trim() }),
    ...(filters.due === "overdue" ? { overdue: true } : {}),
    ...(filters.due === "today" ? { due_to: endOf(1) } : {}),
    ...(filters.due === "week" ? { due_to: endOf(7) } : {}),
  } as const;
}
