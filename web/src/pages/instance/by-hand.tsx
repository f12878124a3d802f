// What the dialogs of hand moves share: the reason, the refusal with each of its faults, and one request at a time.

import type { RefObject } from "preact";
import { useRef, useState } from "preact/hooks";

import { asProblem, type Problem } from "../../api/problem";
import { Icon } from "../../components/icon";
import { ProblemNote } from "../../components/state";
import { moveTexts as words } from "../../texts-moves";

export type Asked = {
  reason: string;
  setReason: (reason: string) => void;
  isMissing: boolean;
  isBusy: boolean;
  problem: Problem | null;
  box: RefObject<HTMLTextAreaElement>;
  /** Send once there is a reason; what is refused is shown. */
  submit: (event: SubmitEvent, send: (reason: string) => Promise<void>) => Promise<void>;
};

export function useAsked(): Asked {
  const [reason, setReason] = useState("");
  const [isMissing, setMissing] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const box = useRef<HTMLTextAreaElement>(null);

  async function submit(event: SubmitEvent, send: (reason: string) => Promise<void>) {
    event.preventDefault();
    const why = reason.trim();
    setMissing(why === "");
    if (isBusy || why === "") {
      box.current?.focus();
      return;
    }
    setBusy(true);
    try {
      await send(why);
    } catch (error) {
      setProblem(asProblem(error));
    }
    setBusy(false);
  }
  return { reason, setReason, isMissing, isBusy, problem, box, submit };
}

/** Why the server refused: what speaks against it, or what happened. */
export function Refused({ problem }: { problem: Problem | null }) {
  if (problem === null) {
    return null;
  }
  if (problem.faults.length === 0) {
    return <ProblemNote problem={problem} />;
  }
  return (
    <div class="note bad" role="alert">
      <Icon name="alert" />
      <div class="say">
        {problem.faults.map((fault) => (
          <p key={`${fault.field} ${fault.code}`}>{fault.message}</p>
        ))}
      </div>
    </div>
  );
}

export function Reason({ asked }: { asked: Asked }) {
  return (
    <div class="field">
      <label for="why">{words.reason}</label>
      <textarea
        id="why"
        ref={asked.box}
        rows={2}
        value={asked.reason}
        aria-required="true"
        aria-invalid={asked.isMissing}
        aria-describedby={asked.isMissing ? "why-help why-fault" : "why-help"}
        onInput={(event) => asked.setReason(event.currentTarget.value)}
      />
      <p class="help" id="why-help">
        {words.reasonSay}
      </p>
      {asked.isMissing && (
        <p class="error" id="why-fault" role="alert">
          <Icon name="alert" />
          {words.reasonMissing}
        </p>
      )}
    </div>
  );
}
