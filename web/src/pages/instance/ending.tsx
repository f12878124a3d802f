import { useState } from "preact/hooks";

import { api, take } from "../../api/client";
import { asProblem, type Problem } from "../../api/problem";
import { Dialog } from "../../components/dialog";
import { ProblemNote } from "../../components/state";
import { texts } from "../../texts";
import type { InstanceView } from "./rights";

const words = texts.instance;

type Props = { view: InstanceView; onClose: () => void; onDone: () => void };

/** Ask for the reason, and cancel a running instance with those that it called. */
export function CancelDialog({ view, onClose, onDone }: Props) {
  const [reason, setReason] = useState("");
  const params = { path: { instance: view.id } };
  const { problem, send } = useRequest(
    () => take(api.POST("/api/v1/instances/{instance}/cancel", { params, body: { reason } })),
    onDone,
  );
  return (
    <Dialog title={words.cancelTitle(view.identifier)} onClose={onClose}>
      {problem !== null && <ProblemNote problem={problem} />}
      <p>{words.cancelSay}</p>
      <div class="field">
        <label for="reason">{words.reason}</label>
        <textarea id="reason" rows={2} value={reason} onInput={(event) => setReason(event.currentTarget.value)} />
      </div>
      <div class="row-of end">
        <button class="button" type="button" onClick={onClose}>
          {words.keep}
        </button>
        <button class="button danger" type="button" onClick={send}>
          {words.cancelIt(view.identifier)}
        </button>
      </div>
    </Dialog>
  );
}

/** Make sure, and delete an instance with its files. */
export function DeleteDialog({ view, onClose, onDone }: Props) {
  const params = { path: { instance: view.id } };
  const { problem, send } = useRequest(() => take(api.DELETE("/api/v1/instances/{instance}", { params })), onDone);
  return (
    <Dialog title={words.deleteTitle(view.identifier)} onClose={onClose}>
      {problem !== null && <ProblemNote problem={problem} />}
      <p>{words.deleteSay}</p>
      <div class="row-of end">
        <button class="button" type="button" onClick={onClose}>
          {words.keep}
        </button>
        <button class="button danger" type="button" onClick={send}>
          {words.deleteIt(view.identifier)}
        </button>
      </div>
    </Dialog>
  );
}

/** Send once; what is refused is shown. */
function useRequest(request: () => Promise<unknown>, onDone: () => void) {
  const [problem, setProblem] = useState<Problem | null>(null);
  const [isBusy, setBusy] = useState(false);
  async function send() {
    if (isBusy) {
      return;
    }
    setBusy(true);
    try {
      await request();
      onDone();
    } catch (error) {
      setProblem(asProblem(error));
      setBusy(false);
    }
  }
  return { problem, send };
}
