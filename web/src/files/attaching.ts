// Puts what arrived for an instance into it, wherever the person walks meanwhile.

import { effect, signal, untracked } from "@preact/signals";

import { api, take } from "../api/client";
import { asProblem } from "../api/problem";
import { announce } from "../components/announce";
import { texts } from "../texts";
import { claimed, idsOf } from "../uploads/queue";
import { type Row, rows } from "../uploads/rows";

/** Changes whenever files were put into an instance: the pages that show it read it again. */
export const attached = signal<{ instance: number } | null>(null);

const AGAIN_MS = 5_000;
let isBusy = false;

/** Follow the uploads from now on; a second call changes nothing. */
export const followUploads = once(() => effect(() => void attachNext(arrivedRows(rows.value))));

function once(run: () => unknown): () => void {
  let isDone = false;
  return () => {
    if (!isDone) {
      isDone = true;
      run();
    }
  };
}

type Arrived = { instance: number; field: string | null; rows: Row[] };

/** Return what arrived for one place of an instance; null where nothing did. */
function arrivedRows(all: readonly Row[]): Arrived | null {
  const done = all.filter((row) => "instance" in row.target && row.state.value.is === "done");
  const first = done[0];
  if (first === undefined || !("instance" in first.target)) {
    return null;
  }
  const { instance } = first.target;
  const same = (row: Row) => "instance" in row.target && row.target.instance === instance && row.field === first.field;
  return { instance, field: first.field, rows: done.filter(same) };
}

async function attachNext(arrived: Arrived | null): Promise<void> {
  if (arrived === null || isBusy) {
    return;
  }
  isBusy = true;
  const { instance, field } = arrived;
  const uploads = idsOf(arrived.rows);
  try {
    const params = { path: { instance } };
    await take(api.POST("/api/v1/instances/{instance}/files", { params, body: { uploads, field } }));
    claimed({ instance }, uploads);
    attached.value = { instance };
    announce(texts.file.added(uploads.length));
    isBusy = false;
  } catch (error) {
    const problem = asProblem(error);
    if (problem.status === 0 || problem.status >= 500) {
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS)); // the server is away for a moment
    } else {
      for (const row of arrived.rows) {
        row.state.value = { is: "refused", reason: problem.faults[0]?.message ?? problem.message, mayRetry: false };
      }
    }
    isBusy = false;
  }
  await attachNext(untracked(() => arrivedRows(rows.value)));
}
