import { useMemo, useState } from "preact/hooks";
import { api, type Schemas, take } from "../../api/client";
import { newKey } from "../../api/keys";
import { asProblem, type Problem } from "../../api/problem";
import { Icon } from "../../components/icon";
import { ProblemNote } from "../../components/state";
import { Deck, focusFirstFault, Overtaken, sayFaults } from "../../form/deck";
import { Done } from "../../form/done";
import { FormFields } from "../../form/form-fields";
import { type FormField, FormState, isWritable, submission, type Values } from "../../form/form-state";
import { useMainKey } from "../../form/main-key";
import { useSending } from "../../form/sending";
import { PersonName } from "../../form/shown-value";
import { dayAndTime, since } from "../../format";
import { refreshCounts } from "../../frame/counts";
import { me } from "../../session/session";
import { texts } from "../../texts";
import { claimed, pending } from "../../uploads/queue";
import { listAddress, neighbours } from "../neighbours";

const words = texts.task;

type TaskView = Schemas["TaskView"];
type Conflict = { kind: "changed"; newest: TaskView } | { kind: "taken" | "ended"; newest: TaskView | null };

/** Values of a task as its form holds them: files by their numbers. */
function valuesOf(task: TaskView): Values {
  const files = Object.entries(task.files).map(([field, held]) => [field, held.map((file) => file.id)] as const);
  return { ...task.values, ...Object.fromEntries(files) };
}

type Props = { task: TaskView; onRead: (task: TaskView) => void };

/** The form of a task, and the bar that sends it. */
export function TaskForm({ task, onRead }: Props) {
  const target = useMemo(() => ({ task: task.id, title: task.name }), [task.id, task.name]);
  const [state, setState] = useState(() => new FormState(`task:${task.id}`, valuesOf(task)));
  const [result, setResult] = useState<Schemas["WorkResult"] | null>(null);
  const [outcome, setOutcome] = useState<string | null>(null);
  const [conflict, setConflict] = useState<Conflict | null>(null);
  const [savedAt, setSavedAt] = useState<Date | null>(null);
  const [key, setKey] = useState(newKey);
  const sending = useSending(target);
  const underWay = pending(target).value;

  const isOpen = task.closed_at === null;
  const isMine = isOpen && task.holder === me.value?.id;
  const fields = useMemo<readonly FormField[]>(
    () =>
      isMine
        ? task.form.fields
        : task.form.fields.map((field) => (isWritable(field) ? { ...field, access: "read" } : field)),
    [task.form.fields, isMine],
  );
  const outcomes = task.form.outcomes;
  const main = outcomes[0];

  const read = () => take(api.GET("/api/v1/tasks/{task}", { params: { path: { task: task.id } } }));

  /** Find out what another person did meanwhile; what was typed stays. */
  async function resolve(problem: Problem): Promise<boolean> {
    if (![403, 404, 409, 410, 412].includes(problem.status) || problem.code === "incident") {
      return false;
    }
    const newest = await read().catch(() => null);
    if (newest === null || newest.closed_at !== null) {
      setConflict({ kind: "ended", newest });
    } else if (newest.holder !== me.value?.id) {
      setConflict({ kind: "taken", newest });
    } else if (problem.status === 412) {
      setConflict({ kind: "changed", newest });
    } else {
      return false;
    }
    return true;
  }

  /** Send something; faults go beside their fields, conflicts above the form. */
  async function attempt(isComplete: boolean, act: (values: Values) => Promise<void>) {
    const { values, faults } = submission(fields, state.values.value, isComplete);
    if (faults.length > 0) {
      state.refuse(faults);
      focusFirstFault();
      return;
    }
    try {
      await act(values);
      setKey(newKey());
    } catch (error) {
      const problem = asProblem(error);
      if (problem.status !== 0) {
        setKey(newKey());
      }
      if (problem.code === "invalid_values") {
        state.refuse(problem.faults);
        focusFirstFault();
      } else if (!(await resolve(problem))) {
        throw problem;
      }
    }
  }

  const complete = (chosen: Schemas["Outcome"] | undefined) =>
    sending.send(chosen?.label ?? words.complete, () =>
      attempt(true, async (values) => {
        const found = await take(
          api.POST("/api/v1/tasks/{task}/complete", {
            params: {
              path: { task: task.id },
              header: { "If-Match": `"${task.revision}"`, "Idempotency-Key": key },
            },
            body: {
              values,
              ...(chosen === undefined ? {} : { outcome: chosen.id }),
              ...(state.comment.value.trim() === "" ? {} : { comment: state.comment.value }),
            },
          }),
        );
        state.forget();
        claimed(target);
        setOutcome(chosen?.label ?? null);
        setResult(found);
        refreshCounts();
      }),
    );

  const save = () =>
    sending.send(words.save, () =>
      attempt(false, async (values) => {
        await take(
          api.POST("/api/v1/tasks/{task}/save", {
            params: { path: { task: task.id }, header: { "If-Match": `"${task.revision}"` } },
            body: { values, ...(state.comment.value.trim() === "" ? {} : { comment: state.comment.value }) },
          }),
        );
        state.forget();
        claimed(target);
        const newest = await read();
        onRead(newest);
        setState(new FormState(`task:${task.id}`, valuesOf(newest)));
        setSavedAt(new Date());
      }),
    );

  const claim = () =>
    sending.send(words.claim, async () => {
      try {
        await take(api.POST("/api/v1/tasks/{task}/claim", { params: { path: { task: task.id } } }));
        refreshCounts();
        onRead(await read());
      } catch (error) {
        const problem = asProblem(error);
        if (!(await resolve(problem))) {
          throw problem;
        }
      }
    });

  const press = () => {
    if (isMine) {
      complete(main);
    } else if (isOpen && task.holder === null) {
      claim();
    }
  };
  useMainKey(press);

  if (result !== null) {
    const otherwise = neighbours(task.id)?.next ?? null;
    return <Done title={words.doneTitle(outcome)} result={result} otherwise={otherwise} back={listAddress()} />;
  }
  const faults = state.faults.value;
  const hasFaults = Object.keys(faults).length > 0;
  return (
    <div>
      {conflict !== null && (
        <ConflictNote
          conflict={conflict}
          onTheirs={(newest) => {
            state.forget();
            onRead(newest);
            setState(new FormState(`task:${task.id}`, valuesOf(newest)));
            setConflict(null);
          }}
          onMine={(newest) => {
            onRead(newest); // its revision; what was typed stays
            setConflict(null);
          }}
        />
      )}
      {sending.problem !== null && <ProblemNote problem={sending.problem} />}
      {task.closed_at !== null && conflict === null && <Closed task={task} at={task.closed_at} />}
      <form
        class="sheet"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          press();
        }}
      >
        <div class="form">
          <FormFields fields={fields} state={state} target={target} held={task.files} />
          {isMine && (
            <div class="field">
              <label for="comment">
                {words.comment} <span class="need">{words.optional}</span>
              </label>
              <textarea
                id="comment"
                rows={2}
                value={state.comment.value}
                onInput={(event) => state.setComment(event.currentTarget.value)}
              />
            </div>
          )}
        </div>
        {isMine && (
          <Deck
            say={
              sending.isWaiting
                ? words.waitUploads(underWay, sending.busy ?? "")
                : sending.busy !== null
                  ? words.sending
                  : hasFaults
                    ? sayFaults(faults, fields)
                    : stateOf(savedAt, state.isChanged.value, underWay)
            }
            {...(hasFaults
              ? { tone: "bad" as const }
              : savedAt !== null && !state.isChanged.value
                ? { tone: "good" as const }
                : {})}
          >
            {sending.isWaiting ? (
              <button class="button" type="button" onClick={sending.stopWaiting}>
                {words.stopWaiting}
              </button>
            ) : (
              <button class="button not-phone" type="button" onClick={save}>
                {words.save}
              </button>
            )}
            {outcomes.slice(1).map((one) => (
              <button
                key={one.id}
                class={one.fault ? "button danger" : "button"}
                type="button"
                onClick={() => complete(one)}
              >
                {one.label}
              </button>
            ))}
            <button class="button first" type="submit">
              {main?.label ?? words.complete}
              <kbd class="key not-phone">Ctrl ⏎</kbd>
            </button>
          </Deck>
        )}
        {isOpen && task.holder === null && (
          <Deck say={sending.busy === null ? words.claimFirst : words.sending}>
            <button class="button first" type="submit">
              {words.claim}
              <kbd class="key not-phone">Ctrl ⏎</kbd>
            </button>
          </Deck>
        )}
      </form>
    </div>
  );
}

/** A task that is over: how, by whom, when. */
function Closed({ task, at }: { task: TaskView; at: string }) {
  const outcome = task.form.outcomes.find((one) => one.id === task.outcome)?.label ?? task.outcome;
  return (
    <div class="note info">
      <Icon name="check" />
      <div class="say">
        <b>{words.doneTitle(outcome)}</b> {task.closed_by !== null && <PersonName id={task.closed_by} />}{" "}
        {dayAndTime(at)}
      </div>
      <a class="button" href={`/i/${task.identifier}`}>
        {words.openInstance(task.identifier)}
      </a>
    </div>
  );
}

function stateOf(savedAt: Date | null, isChanged: boolean, underWay: number): string {
  const saved = isChanged ? words.notSaved : savedAt === null ? "" : words.saved(since(savedAt));
  return underWay > 0 ? `${saved} ${words.uploading(underWay)}` : saved;
}

type ConflictProps = { conflict: Conflict; onTheirs: (newest: TaskView) => void; onMine: (newest: TaskView) => void };

function ConflictNote({ conflict, onTheirs, onMine }: ConflictProps) {
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
