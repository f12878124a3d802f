import type { Schemas } from "../../api/client";
import { Icon } from "../../components/icon";
import { ProblemNote } from "../../components/state";
import { Deck } from "../../form/deck";
import { Done } from "../../form/done";
import { FormDeck } from "../../form/form-deck";
import { FormFields } from "../../form/form-fields";
import { useMainKey } from "../../form/main-key";
import { PersonName } from "../../form/shown-value";
import { dayAndTime, since } from "../../format";
import { texts } from "../../texts";
import { pending } from "../../uploads/queue";
import { listAddress, neighbours } from "../neighbours";
import { ConflictNote } from "./conflict";
import { type Filling, useFilling } from "./filling";

const words = texts.task;

type TaskView = Schemas["TaskView"];

type Props = {
  task: TaskView;
  onRead: (task: TaskView) => void;
  /** After the task was completed, saved or claimed. */
  onSent: () => void;
};

/** The form of a task, and the bar that sends it. */
export function TaskForm({ task, onRead, onSent }: Props) {
  const filling = useFilling(task, onRead, onSent);
  const { conflict, completed, sending, isMine, state } = filling;
  const isOffered = task.closed_at === null && task.holder === null;
  const press = () => {
    if (isMine) {
      filling.complete(task.form.outcomes[0]);
    } else if (isOffered) {
      filling.claim();
    }
  };
  useMainKey(press);

  if (completed !== null) {
    return (
      <Done
        title={words.doneTitle(completed.outcome)}
        result={completed.result}
        otherwise={neighbours(task.id)?.next ?? null}
        back={listAddress()}
      />
    );
  }
  return (
    <div>
      {conflict !== null && (
        <ConflictNote conflict={conflict} onTheirs={filling.takeTheirs} onMine={filling.keepMine} />
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
          <FormFields fields={filling.fields} state={state} target={filling.target} held={task.files} />
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
        {isMine && <Outcomes outcomes={task.form.outcomes} filling={filling} />}
        {isOffered && (
          <Deck say={sending.busy === null ? words.claimFirst : words.sending}>
            <button class="button first" type="submit" aria-keyshortcuts="Control+Enter">
              {words.claim}
              <span class="key not-phone" aria-hidden="true">
                Ctrl ⏎
              </span>
            </button>
          </Deck>
        )}
      </form>
    </div>
  );
}

/** The buttons that complete the task, the first as the form's own, and the one that saves it. */
function Outcomes({ outcomes, filling }: { outcomes: readonly Schemas["Outcome"][]; filling: Filling }) {
  const { sending, state, savedAt } = filling;
  const underWay = pending(filling.target).value;
  return (
    <FormDeck
      sending={sending}
      faults={state.faults.value}
      fields={filling.fields}
      waits={words.waitUploads(underWay, sending.busy ?? "")}
      idle={stateOf(savedAt, state.isChanged.value, underWay)}
      isSaved={savedAt !== null && !state.isChanged.value}
      other={
        <button class="button not-phone" type="button" onClick={filling.save}>
          {words.save}
        </button>
      }
    >
      {outcomes.slice(1).map((one) => (
        <button
          key={one.id}
          class={one.fault ? "button danger" : "button"}
          type="button"
          onClick={() => filling.complete(one)}
        >
          {one.label}
        </button>
      ))}
      <button class="button first" type="submit" aria-keyshortcuts="Control+Enter">
        {outcomes[0]?.label ?? words.complete}
        <span class="key not-phone" aria-hidden="true">
          Ctrl ⏎
        </span>
      </button>
    </FormDeck>
  );
}

function stateOf(savedAt: Date | null, isChanged: boolean, underWay: number): string {
  const saved = isChanged ? words.notSaved : savedAt === null ? "" : words.saved(since(savedAt));
  return underWay > 0 ? `${saved} ${words.uploading(underWay)}` : saved;
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
