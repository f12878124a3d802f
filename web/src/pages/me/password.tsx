// A new password: the present one is asked for, since a browser may have been left open.

import { useRef, useState } from "preact/hooks";

import { api, take } from "../../api/client";
import { asProblem, type Problem } from "../../api/problem";
import { announce } from "../../components/announce";
import { ProblemNote } from "../../components/state";
import { meTexts } from "../../texts-me";
import { described, Field } from "./field";

const words = meTexts.password;

type Props = { email: string; onChange: () => void };

export function Password({ email, onChange }: Props) {
  const [present, setPresent] = useState("");
  const [chosen, setChosen] = useState("");
  const [isShown, setShown] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [missing, setMissing] = useState<"present" | "new" | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const presentInput = useRef<HTMLInputElement>(null);
  const newInput = useRef<HTMLInputElement>(null);
  const faultOf = (field: string) => problem?.faults.find((one) => one.field === field)?.message;
  const presentFault = missing === "present" ? words.presentMissing : faultOf("old");
  const newFault = missing === "new" ? words.newMissing : faultOf("new");

  async function submit(event: SubmitEvent) {
    event.preventDefault();
    if (isBusy) {
      return;
    }
    const first = present === "" ? "present" : chosen === "" ? "new" : null;
    setMissing(first);
    setProblem(null);
    if (first !== null) {
      (first === "present" ? presentInput : newInput).current?.focus();
      return;
    }
    setBusy(true);
    try {
      await take(api.POST("/api/v1/me/password", { body: { old: present, new: chosen } }));
      setPresent("");
      setChosen("");
      setShown(false);
      announce(words.done);
      onChange();
    } catch (error) {
      const found = asProblem(error);
      setProblem(found);
      (found.faults.some((one) => one.field === "new") ? newInput : presentInput).current?.focus();
    }
    setBusy(false);
  }

  return (
    <section class="sheet pane" aria-labelledby="password">
      <div class="h">
        <h2 id="password">{words.title}</h2>
      </div>
      <form class="stack" noValidate onSubmit={submit} aria-busy={isBusy}>
        {problem !== null && problem.faults.length === 0 && <ProblemNote problem={problem} />}
        {/* so that password managers know whose password it is */}
        <input
          class="visually-hidden"
          aria-hidden="true"
          tabIndex={-1}
          readOnly
          autocomplete="username"
          value={email}
        />
        <Field id="present" label={words.present} fault={presentFault}>
          <div class="inside">
            <input
              id="present"
              ref={presentInput}
              type={isShown ? "text" : "password"}
              autocomplete="current-password"
              value={present}
              onInput={(event) => setPresent(event.currentTarget.value)}
              {...described("present", { fault: presentFault })}
            />
            <button class="button plain" type="button" aria-pressed={isShown} onClick={() => setShown(!isShown)}>
              {isShown ? words.hide : words.show}
              <span class="visually-hidden">{words.showWhat}</span>
            </button>
          </div>
        </Field>
        <Field id="new" label={words.new} help={words.newSay} fault={newFault}>
          <input
            id="new"
            ref={newInput}
            type={isShown ? "text" : "password"}
            autocomplete="new-password"
            value={chosen}
            onInput={(event) => setChosen(event.currentTarget.value)}
            {...described("new", { help: true, fault: newFault })}
          />
        </Field>
        <div class="row-of end">
          <button class="button" type="submit">
            {words.act}
          </button>
        </div>
      </form>
    </section>
  );
}
