// The order of a field's files: that of its value, with what is under way where it was chosen or moved to.

import type { Row } from "../uploads/queue";

/** A file that is kept elsewhere, as the API takes it. */
export type LinkValue = { url: string; name: string };
/** Where a file that has not arrived yet was moved to; it is never sent. */
type PlaceValue = { upload: string };
/** One entry of a field's value: the number of a file or of an upload, a link, or the place of an upload. */
export type FileValue = number | LinkValue | PlaceValue;

/** One row of a field's list. */
export type Item = { is: "file"; id: number } | { is: "link"; link: LinkValue } | { is: "upload"; row: Row };

export function isPlace(entry: FileValue): entry is PlaceValue {
  return typeof entry === "object" && "upload" in entry;
}

/** Entries of the value, and rows; each upload without a place stands after the one that was chosen before it. */
function merged(value: readonly FileValue[], rows: readonly Row[]): (FileValue | Row)[] {
  const byTicket = new Map(rows.map((row) => [row.ticket.value, row]));
  const byKey = new Map(rows.map((row) => [row.key, row]));
  const list: (FileValue | Row)[] = value.map(
    (entry) =>
      (typeof entry === "number" ? byTicket.get(entry) : isPlace(entry) ? byKey.get(entry.upload) : null) ?? entry,
  );
  rows.forEach((row, index) => {
    if (list.includes(row)) {
      return;
    }
    const before = rows.slice(0, index).findLast((other) => list.includes(other));
    const after = rows.slice(index + 1).find((other) => list.includes(other));
    if (before !== undefined) {
      list.splice(list.indexOf(before) + 1, 0, row);
    } else if (after !== undefined) {
      list.splice(list.indexOf(after), 0, row);
    } else {
      list.push(row);
    }
  });
  return list;
}

const isRow = (one: FileValue | Row): one is Row => typeof one === "object" && "key" in one;

/** The rows of the list: files by their numbers, links and uploads. */
export function placed(value: readonly FileValue[], rows: readonly Row[]): Item[] {
  return merged(value, rows).flatMap((one): Item[] => {
    if (typeof one === "number") {
      return [{ is: "file", id: one }];
    }
    if (isRow(one)) {
      return [{ is: "upload", row: one }];
    }
    return isPlace(one) ? [] : [{ is: "link", link: one }];
  });
}

/** The value of a field once what has arrived is in it. */
export function arrived(value: readonly FileValue[], rows: readonly Row[]): FileValue[] {
  const places = new Map(value.filter(isPlace).map((place) => [place.upload, place]));
  return merged(value, rows).flatMap((one) => {
    if (!isRow(one)) {
      return [one];
    }
    const place = places.get(one.key);
    return one.state.value.is === "done" && one.ticket.value !== null
      ? [one.ticket.value]
      : place === undefined
        ? []
        : [place];
  });
}

/** The value once one item was moved to the place of another, which lies before or behind it. */
export function moved(items: readonly Item[], item: Item, to: Item): FileValue[] {
  const list = items.filter((one) => one !== item);
  list.splice(items.indexOf(to), 0, item);
  return inOrder(list);
}

/** The value in the order of a list; what is under way keeps its place from then on. */
export function inOrder(items: readonly Item[]): FileValue[] {
  return items.map((item) => {
    if (item.is === "file") {
      return item.id;
    }
    if (item.is === "link") {
      return item.link;
    }
    const ticket = item.row.ticket.peek();
    return item.row.state.peek().is === "done" && ticket !== null ? ticket : { upload: item.row.key };
  });
}
