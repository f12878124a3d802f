// The sentences of what happened: only pages that show a history load them.

import { type Count, plural } from "./format";

const files = (count: Count) => plural(count, "file", "files");

export const historyTexts = {
  somebody: "Somebody",
  aTask: "a task",
  aFile: "a file",
  files,
  photos: (count: Count) => plural(count, "photo", "photos"),
  started: (who: string) => `${who} started it`,
  andAdded: (say: string, what: string) => `${say}, with ${what}`,
  changed: (who: string) => `${who} changed it`,
  changedFields: (who: string, fields: string) => `${who} changed ${fields}`,
  ended: "It ended",
  cancelled: (who: string) => `${who} cancelled it`,
  claimed: (who: string, task: string) => `${who} claimed “${task}”`,
  assignedInPlace: (who: string, task: string, whom: string, absent: string) =>
    `${who} assigned “${task}” to ${whom} in place of ${absent}`,
  cameBack: (task: string, whom: string, from: string) => `“${task}” came back to ${whom} from ${from}`,
  assigned: (who: string, task: string, whom: string) => `${who} assigned “${task}” to ${whom}`,
  released: (who: string, task: string) => `${who} offered “${task}” again`,
  arrived: (who: string, task: string) => `${who} arrived for “${task}”`,
  described: (who: string, task: string) => `${who} changed the details of “${task}”`,
  saved: (who: string, task: string) => `${who} saved “${task}”`,
  completed: (who: string, task: string) => `${who} completed “${task}”`,
  completedAs: (who: string, task: string, outcome: string) => `${who} completed “${task}”: ${outcome}`,
  byHand: (who: string, holder: string) => (holder === "" ? `${who}, by hand,` : `${who}, in the place of ${holder},`),
  tokenCancelled: (who: string, element: string) => `${who} cancelled “${element}” by hand`,
  tokenStarted: (who: string, element: string) => `${who} started “${element}” by hand`,
  late: (task: string) => `“${task}” was not done in time`,
  action: (who: string, action: string) => `${who} ran “${action}”`,
  message: (name: string) => `The message “${name}” arrived`,
  timer: (element: string) => `The time of “${element}” came`,
  returned: (element: string) => `“${element}” has ended`,
  created: "Created",
  serviceDone: (element: string, sent: Count, received: Count) =>
    [
      `“${element}” worked`,
      sent > 0 ? `${files(sent)} sent` : null,
      received > 0 ? `${files(received)} received` : null,
    ]
      .filter((part) => part !== null)
      .join(", "),
  skipped: (who: string, element: string) => `${who} skipped “${element}”`,
  serviceFailed: (element: string) => `“${element}” failed`,
  stopped: (element: string) => `It stopped at “${element}”`,
  retried: (who: string, element: string) => `${who} retried “${element}”`,
  added: (who: string, what: string) => `${who} added ${what}`,
  renamed: (who: string, was: string, name: string) =>
    was === name ? `${who} described ${name}` : `${who} renamed ${was} to ${name}`,
  deleted: (who: string, file: string) => `${who} deleted ${file}`,
  restored: (who: string, file: string) => `${who} restored ${file}`,
  overwritten: (who: string, file: string) => `${who} replaced ${file}`,
  downloaded: (who: string, file: string) => `${who} downloaded ${file}`,
  byLink: (file: string) => `${file} was downloaded by a link`,
  comment: (who: string) => `${who} wrote`,
} as const;
