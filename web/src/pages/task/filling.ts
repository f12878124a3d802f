// Filling in a task: what is typed, and completing, saving and claiming it, each once.

import { useMemo, useState } from "preact/hooks";

import { api, type Schemas, take } from "../../api/client";
import { newKey } from "../../api/keys";
import { asProblem } from "../../api/problem";
import { focusFirstFault } from "../../form/deck";
import { type FormField, FormState, isWritable, shownFields, submission, type Values } from "../../form/form-state";
import { type Sending, useSending } from "../../form/sending";
import { refreshCounts } from "../../frame/counts";
import { me } from "../../session/session";
import { texts } from "../../texts";
import { claimed, type UploadTarget } from "../../uploads/queue";
import { type Conflict, findConflict, readTask } from "./conflict";

const words = texts.task;

type TaskView = Schemas["TaskView"];

/** What came of completing the task, and the label of the outcome that was chosen. */
type Completed = { result: Schemas["WorkResult"]; outcome: string | null };

export type Filling = {
  target: UploadTarget;
  fields: readonly FormField[];
  state: FormState;
  sending: Sending;
  isMine: boolean;
  completed: Completed | null;
  conflict: Conflict | null;
  savedAt: Date | null;
  complete: (outcome: Schemas["Outcome"] | undefined) => void;
  save: () => void;
  claim: () => void;
  /** Show what another person saved, in place of what was typed. */
  takeTheirs: (newest: TaskView) => void;
  /** Keep what was typed, for the revision that another person saved. */
  keepMine: (newest: TaskView) => void;
};

/** Values of a task as its form holds them: files by their numbers. */
function valuesOf(task: TaskView): Values {
  const files = Object.entries(task.files).map(([field, held]) => [field, held.map((file) => file.id)] as const);
  return { ...task.form.defaults, ...task.values, ...Object.fromEntries(files) };
}

/** @param onSent after the task was completed, saved or claimed. */
export function useFilling(task: TaskView, onRead: (task: TaskView) => void, onSent: () => void): Filling {
  const target = useMemo(() => ({ task: task.id, title: task.name }), [task.id, task.name]);
  const [state, setState] = useState(() => new FormState(`task:${task.id}`, valuesOf(task)));
  const [completed, setCompleted] = useState<Completed | null>(null);
  const [conflict, setConflict] = useState<Conflict | null>(null);
  const [savedAt, setSavedAt] = useState<Date | null>(null);
  const [key, setKey] = useState(newKey);
  const sending = useSending(target);
  const isMine = task.closed_at === null && task.holder === me.value?.id;
  const revealed = state.revealed.value;
  const fields = useMemo<readonly FormField[]>(() => {
    const shown = shownFields(task.form.fields, revealed);
    return isMine ? shown : shown.map((field) => (isWritable(field) ? { ...field, access: "read" } : field));
  }, [task.form.fields, isMine, revealed]);
  const path = { task: task.id };
  const begin = (newest: TaskView) => {
    state.forget();
    onRead(newest);
    setState(new FormState(`task:${task.id}`, valuesOf(newest)));
  };
  const comment = () => (state.comment.value.trim() === "" ? {} : { comment: state.comment.value });

  /** Do something; what another person did meanwhile is shown above the form. */
  async function attempt(act: () => Promise<void>) {
    try {
      await act();
    } catch (error) {
      const problem = asProblem(error);
      const found = await findConflict(task.id, problem);
      if (found === null) {
        throw problem;
      }
      setConflict(found);
    }
  }

  /** Send the values; faults go beside their fields. */
  async function submit(isComplete: boolean, act: (values: Values) => Promise<void>) {
    const { values, faults } = submission(fields, state.values.value, state.drafts.value, isComplete);
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
      if (problem.code !== "invalid_values") {
        throw problem;
      }
      state.refuse(problem.faults);
      focusFirstFault();
    }
  }

  async function sendComplete(outcome: Schemas["Outcome"] | undefined, values: Values) {
    const header = { "If-Match": `"${task.revision}"`, "Idempotency-Key": key };
    const body = { values, ...(outcome === undefined ? {} : { outcome: outcome.id }), ...comment() };
    const result = await take(api.POST("/api/v1/tasks/{task}/complete", { params: { path, header }, body }));
    state.forget();
    claimed(target);
    setCompleted({ result, outcome: outcome?.label ?? null });
    refreshCounts();
    onSent();
  }

  async function sendSave(values: Values) {
    const header = { "If-Match": `"${task.revision}"` };
    await take(api.POST("/api/v1/tasks/{task}/save", { params: { path, header }, body: { values, ...comment() } }));
    state.forget();
    claimed(target);
    begin(await readTask(task.id));
    setSavedAt(new Date());
    onSent();
  }

  async function sendClaim() {
    await take(api.POST("/api/v1/tasks/{task}/claim", { params: { path } }));
    refreshCounts();
    onRead(await readTask(task.id));
    onSent();
  }

  return {
    target,
    fields,
    state,
    sending,
    isMine,
    completed,
    conflict,
    savedAt,
    complete: (outcome) =>
      sending.send(outcome?.label ?? words.complete, () =>
        attempt(() => submit(true, (values) => sendComplete(outcome, values))),
      ),
    save: () => sending.send(words.save, () => attempt(() => submit(false, sendSave))),
    claim: () => sending.send(words.claim, () => attempt(sendClaim)),
    takeTheirs: (newest) => {
      begin(newest);
      setConflict(null);
    },
    keepMine: (newest) => {
      onRead(newest);
      setConflict(null);
    },
  };
}
