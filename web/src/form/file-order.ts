// The order of a field's files: that of its value, with what is under way where it was chosen.

import type { Row } from "../uploads/queue";

/** Files by their numbers, and uploads; each upload stands after the one that was chosen before it. */
export function placed(value: readonly number[], rows: readonly Row[]): (number | Row)[] {
  const byTicket = new Map(rows.map((row) => [row.ticket.value, row]));
  const list: (number | Row)[] = value.map((id) => byTicket.get(id) ?? id);
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

/** The value of a field once what has arrived is in it. */
export function arrived(value: readonly number[], rows: readonly Row[]): number[] {
  return placed(value, rows).flatMap((one) => {
    if (typeof one === "number") {
      return [one];
    }
    return one.state.value.is === "done" && one.ticket.value !== null ? [one.ticket.value] : [];
  });
}
