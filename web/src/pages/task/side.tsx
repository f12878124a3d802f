// Beside a task: where its instance stands, who started it, and what was said about it.

import { useEffect } from "preact/hooks";

import { api, type Schemas, take } from "../../api/client";
import { ProblemNote, Skeleton } from "../../components/state";
import { dayAndTime, fullTime } from "../../format";
import { useLoad } from "../../load";
import { learnGroups, usePersonName } from "../../people";
import { readProgress, stepsOf } from "../../progress/progress";
import { Steps } from "../../progress/steps";
import { texts } from "../../texts";
import { historyTexts } from "../../texts-history";

const words = texts.task;
const MOST_COMMENTS = 5;

type TaskView = Schemas["TaskView"];

type Props = {
  task: TaskView;
  /** Grows whenever the person changed something, so that it is read again. */
  turn: number;
};

export function Side({ task, turn }: Props) {
  const params = { path: { instance: task.instance } };
  const view = useLoad(`instance ${task.instance}`, () => take(api.GET("/api/v1/instances/{instance}", { params })));
  const progress = useLoad(`progress ${task.instance}`, () => readProgress(task.instance));
  useEffect(() => {
    if (turn > 0) {
      void view.reload();
      void progress.reload();
    }
  }, [turn]);
  const starter = usePersonName(view.data?.starter ?? null);
  const isOffered = view.data?.tasks.some((one) => one.group !== null && one.holder === null) === true;
  useEffect(() => {
    if (isOffered) {
      void learnGroups();
    }
  }, [isOffered]);
  const problem = view.problem ?? progress.problem;
  const isThere = view.data !== null && progress.data !== null;

  return (
    <aside class="side">
      <section class="sheet" aria-labelledby="standing">
        <h2 id="standing">
          <a class="link" href={`/i/${task.identifier}`}>
            {task.identifier}
          </a>{" "}
          {task.title}
        </h2>
        {problem !== null && !isThere && (
          <ProblemNote
            problem={problem}
            onRetry={() => {
              void view.reload();
              void progress.reload();
            }}
          />
        )}
        {problem === null && !isThere && <Skeleton lines={4} />}
        {view.data !== null && progress.data !== null && (
          <Steps
            label={words.where}
            steps={stepsOf(progress.data, view.data)}
            started={{ who: view.data.starter === null ? texts.product : starter, at: view.data.started_at }}
          />
        )}
      </section>
      {task.sight === "whole" && <Comments task={task} turn={turn} />}
    </aside>
  );
}

/** The newest comments, the newest last, as people read them. */
function Comments({ task, turn }: { task: Schemas["TaskView"]; turn: number }) {
  const comments = useLoad(`comments ${task.instance}`, async () => {
    const query = { kind: "comment", sort: "-at", limit: MOST_COMMENTS + 1 } as const;
    return (
      await take(
        api.GET("/api/v1/instances/{instance}/history", { params: { path: { instance: task.instance }, query } }),
      )
    ).items;
  });
  useEffect(() => {
    if (turn > 0) {
      void comments.reload();
    }
  }, [turn]);
  const found = comments.data ?? [];
  if (found.length === 0) {
    return null;
  }
  return (
    <section class="sheet" aria-labelledby="comments">
      <h2 id="comments">{words.comments}</h2>
      {found
        .slice(0, MOST_COMMENTS)
        .reverse()
        .map((event) => (
          <div key={event.id}>
            <p class="small">
              <b>{event.user_name ?? historyTexts.somebody}</b>{" "}
              <time class="quiet" dateTime={event.at} title={fullTime(event.at)}>
                {dayAndTime(event.at)}
              </time>
            </p>
            <p class="quote small">{typeof event.data.text === "string" ? event.data.text : ""}</p>
          </div>
        ))}
      {found.length > MOST_COMMENTS && (
        <a class="link small" href={`/i/${task.identifier}/history`}>
          {texts.instance.allHistory}
        </a>
      )}
    </section>
  );
}
