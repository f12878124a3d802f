// What another person, or the process, did to a task while somebody filled it in; nothing that was typed is lost.

import { api, type Schemas, take } from "../../api/client";
import type { Problem } from "../../api/problem";
import { Overtaken } from "../../form/deck";
import { me } from "../../session/session";
import { texts } from "../../texts";

const words = texts.task;

type TaskView = Schemas["TaskView"];

export type Conflict = { kind: "changed"; newest: TaskView } | { kind: "taken" | "ended"; newest: TaskView | null };

export async function readTask(id: number): Promise<TaskView> {
  return take(api.GET("/api/v1/tasks/{task}", { params: { path: { task: id } } }));
}

/** Find out what was done meanwhile, by the newest state of the task; null where a refusal has another reason. */
export async function findConflict(task: number, problem: Problem): Promise<Conflict | null> {
  if (![403, 404, 409, 410, 412].includes(problem.status) || problem.code === "incident") {
    return null;
  }
  const newest = await readTask(task).catch(() => null);
  if (newest === null || newest.closed_at !== null) {
    return { kind: "ended", newest };
  }
  if (newest.holder !== me.peek()?.id) {
    return { kind: "taken", newest };
  }
  return problem.status === 412 ? { kind: "changed", newest } : null;
}

type Props = { conflict: Conflict; onTheirs: (newest: TaskView) => void; onMine: (newest: TaskView) => void };

export function ConflictNote({ conflict, onTheirs, onMine }: Props) {
  const newest = conflict.newest;
  if (conflict.kind === "ended") {
    return <Overtaken title={words.ended} say={words.endedSay} />;
  }
  if (conflict.kind === "taken") {
    return <Overtaken title={newest?.holder === null ? words.released : words.takenTitle} say={words.takenSay} />;
  }
  return (
    <Overtaken title={words.changedTitle} say={words.changed}>
      {newest !== null && (
        <>
          <button class="button" type="button" onClick={() => onTheirs(newest)}>
            {words.takeTheirs}
          </button>
          <button class="button first" type="button" onClick={() => onMine(newest)}>
            {words.sendMine}
          </button>
        </>
      )}
    </Overtaken>
  );
}
