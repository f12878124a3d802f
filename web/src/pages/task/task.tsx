import { useState } from "preact/hooks";
import { useLocation } from "preact-iso";

import { api, type Schemas, take } from "../../api/client";
import { announce } from "../../components/announce";
import { Icon } from "../../components/icon";
import { Menu } from "../../components/menu";
import { ProblemNote, Skeleton } from "../../components/state";
import { useTitle } from "../../components/title";
import { due, fullTime } from "../../format";
import { useLoad } from "../../load";
import { usePersonName } from "../../people";
import { texts } from "../../texts";
import { NotAllowed, NotFound } from "../missing/not-found";
import { listAddress, neighbours } from "../neighbours";
import { Side } from "./side";
import { TaskForm } from "./task-form";

const words = texts.task;

/** A task: its form, where it stands, and what comes after it. */
export function Task({ task: given = "" }: { task?: string }) {
  const id = Number(given);
  const [turn, setTurn] = useState(0);
  const task = useLoad(`task:${given}`, () =>
    take(api.GET("/api/v1/tasks/{task}", { params: { path: { task: id } } })),
  );
  useTitle(task.data === null ? null : `${task.data.name}, ${task.data.identifier}`);
  if (!Number.isSafeInteger(id) || task.problem?.status === 404) {
    return <NotFound />;
  }
  if (task.problem !== null && task.data === null) {
    return task.problem.status === 403 ? (
      <NotAllowed detail={task.problem.message} />
    ) : (
      <ProblemNote problem={task.problem} onRetry={task.reload} />
    );
  }
  if (task.data === null) {
    return <Skeleton lines={7} />;
  }
  return (
    <>
      <Head task={task.data} />
      <div class="two">
        <TaskForm
          key={task.data.id}
          task={task.data}
          onRead={task.set}
          onSent={() => setTurn((before) => before + 1)}
        />
        <Side key={`side ${task.data.id}`} task={task.data} turn={turn} />
      </div>
    </>
  );
}

function Head({ task }: { task: Schemas["TaskView"] }) {
  const { route } = useLocation();
  const place = neighbours(task.id);
  const isOverdue = task.due_at !== null && new Date(task.due_at) < new Date();
  const when = due(task.due_at, isOverdue);
  const absent = usePersonName(task.in_place_of);
  return (
    <>
      <a class="crumb" href={listAddress()}>
        <Icon name="left" />
        {words.back}
      </a>
      <div class="top">
        <h1>{task.name}</h1>
        {task.due_at !== null && task.closed_at === null && (
          <span class={when.tone === null ? "badge" : `badge ${when.tone}`} title={fullTime(task.due_at)}>
            <Icon name="clock" />
            {when.text}
          </span>
        )}
        {task.in_place_of !== null && task.closed_at === null && (
          <span class="quiet small">{words.inPlaceOf(absent)}</span>
        )}
        <span class="grow" />
        {place !== null && <span class="quiet small not-phone">{words.position(place.at, place.of)}</span>}
        {place !== null && place.next !== null && (
          <a class="button icon not-phone" href={`/tasks/${place.next}`} aria-label={words.nextTask}>
            <Icon name="down" />
          </a>
        )}
        <Menu label={texts.more}>
          {task.closed_at === null && task.holder !== null && task.group !== null && (
            <button
              class="button plain"
              type="button"
              onClick={async () => {
                await take(api.POST("/api/v1/tasks/{task}/release", { params: { path: { task: task.id } } })).then(
                  () => route(listAddress()),
                  (problem: Error) => announce(problem.message, { tone: "bad" }),
                );
              }}
            >
              {words.release}
            </button>
          )}
          <button class="button plain" type="button" onClick={() => print()}>
            {words.print}
          </button>
          <button class="button plain" type="button" onClick={() => void copyAddress()}>
            {words.copyLink}
          </button>
        </Menu>
      </div>
    </>
  );
}

async function copyAddress(): Promise<void> {
  await navigator.clipboard.writeText(location.href).then(
    () => announce(words.copied),
    () => announce(`${words.copyByHand} ${location.href}`, { tone: "bad" }),
  );
}
