import { memo } from "preact/compat";

import type { Schemas } from "../../api/client";
import { Icon } from "../../components/icon";
import { type Due, dayAndTime, due, fullTime, number } from "../../format";
import { texts } from "../../texts";
import type { Filters } from "./filters";

const words = texts.work;

export type WorkItem = Schemas["WorkItem"];

type Props = { items: readonly WorkItem[]; filters: Filters; at: number; onClaim: (item: WorkItem) => void };
type Group = { name: Due["group"] | null; items: { item: WorkItem; index: number; due: Due }[] };

/** Rows by when they are due where they are sorted so, otherwise one after another. */
function grouped(items: readonly WorkItem[], filters: Filters): Group[] {
  const groups: Group[] = [];
  const isGrouped = filters.sort === "due";
  items.forEach((item, index) => {
    const when = due(item.due_at, item.overdue);
    const name = isGrouped ? when.group : null;
    const last = groups[groups.length - 1];
    if (last !== undefined && last.name === name) {
      last.items.push({ item, index, due: when });
    } else {
      groups.push({ name, items: [{ item, index, due: when }] });
    }
  });
  return groups;
}

/** The table of tasks; on a phone each row is a card. */
export function Rows({ items, filters, at, onClaim }: Props) {
  const columns = words.columns;
  return (
    <div class="sheet clip">
      <table class="work">
        <caption class="visually-hidden">{words.caption[filters.tab]}</caption>
        <thead>
          <tr>
            <th>{columns.task}</th>
            <th>{columns.app}</th>
            <th>{columns.files}</th>
            <th>{filters.tab === "done" ? columns.done : columns.due}</th>
            <th>{columns.from}</th>
            <th>
              <span class="visually-hidden">{columns.act}</span>
            </th>
          </tr>
        </thead>
        {grouped(items, filters).map((group) => (
          <tbody key={group.name}>
            {group.name !== null && (
              <tr class={group.name === "overdue" ? "group bad" : "group"}>
                <th colSpan={6} scope="colgroup">
                  {words.groups[group.name]}
                </th>
              </tr>
            )}
            {group.items.map((row) => (
              <Row
                key={row.item.id}
                item={row.item}
                due={row.due}
                isAt={row.index === at}
                isFirst={row.index === 0}
                onClaim={onClaim}
              />
            ))}
          </tbody>
        ))}
      </table>
    </div>
  );
}

type RowProps = { item: WorkItem; due: Due; isAt: boolean; isFirst: boolean; onClaim: (item: WorkItem) => void };

const Row = memo(function Row({ item, due: when, isAt, isFirst, onClaim }: RowProps) {
  const what = words.what(item.name, item.identifier);
  const mayClaim = item.holder === null && item.may.includes("claim");
  return (
    <tr class={isAt ? "row at" : "row"}>
      <td>
        <a class="what" href={`/tasks/${item.id}`}>
          {item.name}
        </a>
        <span class="sub">
          {item.title !== "" && <span>{item.title}</span>}
          <span class="mono">{item.identifier}</span>
        </span>
      </td>
      <td class="app small quiet">{item.app_name}</td>
      <td class="nfiles narrow">
        <Files count={item.files} />
      </td>
      <td class="due narrow">
        {item.closed_at === null ? (
          <DueBadge due={when} at={item.due_at} />
        ) : (
          <Closed item={item} at={item.closed_at} />
        )}
        <span class="only-phone">
          <Files count={item.files} />
        </span>
      </td>
      <td class="from narrow small quiet">{item.starter_name ?? texts.product}</td>
      <td class="act narrow">
        {mayClaim ? (
          <button class="button" type="button" onClick={() => onClaim(item)}>
            {words.claim}
            <span class="visually-hidden">{what}</span>
          </button>
        ) : (
          <a class={isFirst && item.closed_at === null ? "button first" : "button"} href={`/tasks/${item.id}`}>
            {item.closed_at === null ? words.open : words.look}
            <span class="visually-hidden">{what}</span>
          </a>
        )}
      </td>
    </tr>
  );
});

function DueBadge({ due: when, at }: { due: Due; at: string | null }) {
  const title = at === null ? undefined : fullTime(at);
  if (when.tone === null) {
    return (
      <span class="mono small quiet" title={title}>
        {when.text}
      </span>
    );
  }
  return (
    <span class={`badge ${when.tone}`} title={title}>
      <Icon name="clock" />
      {when.text}
    </span>
  );
}

function Closed({ item, at }: { item: WorkItem; at: string }) {
  return (
    <span class="mono small quiet" title={fullTime(at)}>
      {dayAndTime(at)}
      {item.outcome !== null && `, ${item.outcome}`}
    </span>
  );
}

function Files({ count }: { count: number | null }) {
  if (count === null || count === 0) {
    return null;
  }
  return (
    <span class="files">
      <Icon name="clip" />
      <span class="mono">{number(count)}</span>
      <span class="visually-hidden"> {words.files(count).split(" ").slice(1).join(" ")}</span>
    </span>
  );
}
