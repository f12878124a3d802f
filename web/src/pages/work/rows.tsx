import type { TargetedEvent } from "preact";
import { memo } from "preact/compat";
import { useCallback, useMemo, useRef } from "preact/hooks";

import type { Schemas } from "../../api/client";
import { Icon } from "../../components/icon";
import { type Due, dayAndTime, due, fullTime, number } from "../../format";
import { texts } from "../../texts";
import type { Filters } from "./filters";

const words = texts.work;

export type WorkItem = Schemas["WorkItem"];

type Props = { items: readonly WorkItem[]; filters: Filters; at: number; onClaim: (item: WorkItem) => void };
type Group = { name: Due["group"] | null; items: { item: WorkItem; index: number }[] };

/** Rows by when they are due where they are sorted so, otherwise one after another. */
function grouped(items: readonly WorkItem[], filters: Filters): Group[] {
  const groups: Group[] = [];
  const isGrouped = filters.sort === "due";
  items.forEach((item, index) => {
    const name = isGrouped ? due(item.due_at, item.overdue).group : null;
    const last = groups[groups.length - 1];
    if (last !== undefined && last.name === name) {
      last.items.push({ item, index });
    } else {
      groups.push({ name, items: [{ item, index }] });
    }
  });
  return groups;
}

/** The table of tasks; on a phone each row is a card. */
export function Rows({ items, filters, at, onClaim }: Props) {
  const columns = words.columns;
  const groups = useMemo(() => grouped(items, filters), [items, filters.sort]);
  const newest = useRef(onClaim);
  newest.current = onClaim;
  const claim = useCallback((item: WorkItem) => newest.current(item), []); // one for all rows, which then stay
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
        {groups.map((group) => (
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
                isAt={row.index === at}
                isFirst={row.index === 0}
                onClaim={claim}
              />
            ))}
          </tbody>
        ))}
      </table>
    </div>
  );
}

type RowProps = { item: WorkItem; isAt: boolean; isFirst: boolean; onClaim: (item: WorkItem) => void };

const Row = memo(function Row({ item, isAt, isFirst, onClaim }: RowProps) {
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
      <td class="nfiles narrow">{item.files !== null && item.files > 0 && <Files count={item.files} />}</td>
      <td class="due narrow">
        {item.closed_at === null ? <DueTime item={item} /> : <Closed item={item} at={item.closed_at} />}
      </td>
      <td class="from narrow small quiet">{item.starter_name ?? texts.product}</td>
      <td class="act narrow">
        {mayClaim ? (
          <button class="button" type="button" aria-label={words.claimTask(what)} onClick={() => onClaim(item)}>
            {words.claim}
          </button>
        ) : (
          <a
            class={isFirst && item.closed_at === null ? "button first" : "button"}
            href={`/tasks/${item.id}`}
            aria-label={item.closed_at === null ? words.openTask(what) : words.lookAt(what)}
          >
            {item.closed_at === null ? words.open : words.look}
          </a>
        )}
      </td>
    </tr>
  );
});

/** Writes the whole time where the pointer is: for each row at once it would take longer than all the rest. */
function explain(event: TargetedEvent<HTMLTimeElement>) {
  event.currentTarget.title = fullTime(event.currentTarget.dateTime);
}

function DueTime({ item }: { item: WorkItem }) {
  const { text, tone } = due(item.due_at, item.overdue);
  if (item.due_at === null) {
    return <span class="mono small quiet">{text}</span>;
  }
  return (
    <time class={tone === null ? "mono small quiet" : `badge ${tone}`} dateTime={item.due_at} onPointerEnter={explain}>
      {tone !== null && <Icon name="clock" />}
      {text}
    </time>
  );
}

function Closed({ item, at }: { item: WorkItem; at: string }) {
  return (
    <time class="mono small quiet" dateTime={at} onPointerEnter={explain}>
      {dayAndTime(at)}
      {item.outcome !== null && `, ${item.outcome}`}
    </time>
  );
}

function Files({ count }: { count: number }) {
  return (
    <span class="files mono" role="img" aria-label={words.files(count)}>
      <Icon name="clip" />
      {number(count)}
    </span>
  );
}
