// Going on past a call that failed, with the reason.

import { useRef, useState } from "preact/hooks";

import { api, type Schemas, take } from "../../api/client";
import { asProblem, type Problem } from "../../api/problem";
import { announce } from "../../components/announce";
import { Dialog } from "../../components/dialog";
import { Icon } from "../../components/icon";
import { ProblemNote } from "../../components/state";
import { texts } from "../../texts";
import { callTexts as words } from "../../texts-calls";

type Incident = Schemas["Incident"];

/** Return the number of the call that an incident is about; null where it is about something else. */
export function callOf(incident: Incident): number | null {
  const call = incident.details.call;
  return typeof call === "number" ? call : null;
}

type Props = { incident: Incident; name: string; onClose: () => void; onDone: () => void };

/** Ask for the reason, and let the process continue without the call. */
export function SkipDialog({ incident, name, onClose, onDone }: Props) {
  const [reason, setReason] = useState("");
  const [isMissing, setMissing] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const box = useRef<HTMLTextAreaElement>(null);

  async function submit(event: SubmitEvent) {
    event.preventDefault();
    if (isBusy) {
      return;
    }
    setMissing(reason.trim() === "");
    if (reason.trim() === "") {
      box.current?.focus();
      return;
    }
    setBusy(true);
    try {
      const params = { path: { incident: incident.id } };
      await take(api.POST("/api/v1/incidents/{incident}/skip", { params, body: { comment: reason.trim() } }));
      announce(words.skipped(name));
      onDone();
    } catch (error) {
      setProblem(asProblem(error));
      setBusy(false);
    }
  }

  return (
    <Dialog title={words.skipTitle(name)} onClose={onClose}>
      <form class="stack" noValidate onSubmit={submit} aria-busy={isBusy}>
        {problem !== null && <ProblemNote problem={problem} />}
        <p>{words.skipSay}</p>
        <div class="field">
          <label for="skip-reason">{words.reason}</label>
          <textarea
            id="skip-reason"
            ref={box}
            rows={2}
            autofocus
            value={reason}
            aria-required="true"
            aria-invalid={isMissing}
            aria-describedby={isMissing ? "skip-help skip-fault" : "skip-help"}
            onInput={(event) => setReason(event.currentTarget.value)}
          />
          <p class="help" id="skip-help">
            {words.reasonSay}
          </p>
          {isMissing && (
            <p class="error" id="skip-fault" role="alert">
              <Icon name="alert" />
              {words.reasonMissing}
            </p>
          )}
        </div>
        <div class="row-of end">
          <button class="button" type="button" onClick={onClose}>
            {texts.cancel}
          </button>
          <button class="button danger" type="submit">
            {words.skip}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
