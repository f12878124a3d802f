// When the person is away, and who stands in for them.

import { useRef, useState } from "preact/hooks";

import { api, type Schemas, take } from "../../api/client";
import { asProblem, type Problem } from "../../api/problem";
import { announce } from "../../components/announce";
import { Icon } from "../../components/icon";
import { ProblemNote, Skeleton } from "../../components/state";
import { PersonInput } from "../../form/person-input";
import { plainDate } from "../../format";
import { useLoad } from "../../load";
import { usePersonName } from "../../people";
import type { Me } from "../../session/session";
import { texts } from "../../texts";
import { meTexts } from "../../texts-me";
import { described, Field } from "./field";

const words = meTexts.absence;

type Absence = Schemas["Absence"];
type Fault = { field: "from" | "until" | "substitute"; message: string };

export function Absences({ who }: { who: Me }) {
  const list = useLoad<readonly Absence[]>(
    `absences ${who.id}`,
    async () => (await take(api.GET("/api/v1/me/absences"))).items,
  );
  const [edited, setEdited] = useState<Absence | "new" | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const opener = useRef<HTMLButtonElement>(null);
  const items = list.data ?? [];

  function close() {
    setEdited(null);
    requestAnimationFrame(() => opener.current?.focus());
  }

  async function end(absence: Absence) {
    try {
      const params = { path: { absence: absence.id } };
      await take(api.DELETE("/api/v1/me/absences/{absence}", { params }));
      setProblem(null);
      announce(absence.running ? words.ended : words.removed);
    } catch (error) {
      setProblem(asProblem(error));
    }
    await list.reload();
  }

  return (
    <section class="sheet pane" aria-labelledby="absence">
      <div class="h">
        <h2 id="absence">{words.title}</h2>
        <span class="grow" />
        {edited === null && (
          <button
            ref={opener}
            class="button"
            type="button"
            aria-label={words.newTitle}
            onClick={() => setEdited("new")}
          >
            <Icon name="plus" />
            {words.add}
          </button>
        )}
      </div>
      <div class="stack">
        <p class="quiet small">
          {words.say} {words.back}
        </p>
        {problem !== null && <ProblemNote problem={problem} />}
        {list.problem !== null && <ProblemNote problem={list.problem} onRetry={list.reload} />}
        {list.data === null && list.problem === null && <Skeleton lines={1} />}
        {list.data !== null && items.length === 0 && edited === null && <p>{words.none}</p>}
        <ul class="list grants absences">
          {items.map((one) => (
            <Row key={one.id} absence={one} onChange={() => setEdited(one)} onEnd={() => void end(one)} />
          ))}
        </ul>
        {edited !== null && (
          <AbsenceForm
            key={edited === "new" ? "new" : edited.id}
            absence={edited === "new" ? null : edited}
            onClose={close}
            onSaved={() => {
              announce(words.saved);
              close();
              void list.reload();
            }}
          />
        )}
      </div>
    </section>
  );
}

type RowProps = { absence: Absence; onChange: () => void; onEnd: () => void };

function Row({ absence, onChange, onEnd }: RowProps) {
  const substitute = usePersonName(absence.substitute);
  const days = words.days(plainDate(absence.from), plainDate(absence.until));
  return (
    <li>
      <div class="body">
        <span class="name">
          {days} {absence.running && <span class="badge now">{words.now}</span>}
        </span>
        <span class="meta">{words.standsIn(substitute)}</span>
      </div>
      <div class="row-of">
        <button class="button" type="button" onClick={onChange}>
          {words.change}
          <span class="visually-hidden"> {days}</span>
        </button>
        <button class="button danger" type="button" onClick={onEnd}>
          {absence.running ? words.end : words.remove}
          <span class="visually-hidden"> {days}</span>
        </button>
      </div>
    </li>
  );
}

type FormProps = { absence: Absence | null; onClose: () => void; onSaved: () => void };

function AbsenceForm({ absence, onClose, onSaved }: FormProps) {
  const [from, setFrom] = useState(absence?.from ?? "");
  const [until, setUntil] = useState(absence?.until ?? "");
  const [substitute, setSubstitute] = useState<number | null>(absence?.substitute ?? null);
  const [missing, setMissing] = useState<Fault | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [isBusy, setBusy] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const isKept = absence?.running === true;
  const faultOf = (field: Fault["field"]) =>
    missing?.field === field ? missing.message : problem?.faults.find((one) => one.field === field)?.message;
  const fromFault = faultOf("from");
  const untilFault = faultOf("until");
  const substituteFault = faultOf("substitute");

  async function submit(event: SubmitEvent) {
    event.preventDefault();
    if (isBusy) {
      return;
    }
    const fault = missingIn(from, until, substitute);
    setMissing(fault);
    setProblem(null);
    if (fault !== null || substitute === null) {
      focus(fault?.field);
      return;
    }
    setBusy(true);
    try {
      const body = { from, until, substitute };
      await take(
        absence === null
          ? api.POST("/api/v1/me/absences", { body })
          : api.PATCH("/api/v1/me/absences/{absence}", { params: { path: { absence: absence.id } }, body }),
      );
      onSaved();
    } catch (error) {
      const found = asProblem(error);
      setProblem(found);
      setBusy(false);
      focus(found.faults[0]?.field);
    }
  }

  /** Take what was entered: what was said to be missing is said again only when it is sent. */
  function enter(set: () => void) {
    setMissing(null);
    set();
  }

  function focus(field: string | undefined) {
    form.current?.querySelector<HTMLInputElement>(`#absence-${field ?? "none"}`)?.focus();
  }

  return (
    <form ref={form} class="stack" noValidate onSubmit={submit} aria-busy={isBusy} aria-label={words.newTitle}>
      {problem !== null && problem.faults.length === 0 && <ProblemNote problem={problem} />}
      <div class="days">
        <Field id="absence-from" label={words.from} help={isKept ? words.started : undefined} fault={fromFault}>
          <input
            id="absence-from"
            type="date"
            autofocus={!isKept}
            disabled={isKept}
            value={from}
            required
            onInput={(event) => enter(() => setFrom(event.currentTarget.value))}
            {...described("absence-from", { help: isKept, fault: fromFault })}
          />
        </Field>
        <Field id="absence-until" label={words.until} fault={untilFault}>
          <input
            id="absence-until"
            type="date"
            autofocus={isKept}
            min={from === "" ? undefined : from}
            value={until}
            required
            onInput={(event) => enter(() => setUntil(event.currentTarget.value))}
            {...described("absence-until", { fault: untilFault })}
          />
        </Field>
      </div>
      <Field id="absence-substitute" label={words.substitute} help={words.substituteSay} fault={substituteFault}>
        <PersonInput
          id="absence-substitute"
          value={substitute}
          onChange={(value) => enter(() => setSubstitute(typeof value === "number" ? value : null))}
          isInvalid={substituteFault !== undefined}
          isRequired
          describedBy={described("absence-substitute", { help: true, fault: substituteFault })["aria-describedby"]}
        />
      </Field>
      <div class="row-of end">
        <button class="button" type="button" onClick={onClose}>
          {texts.cancel}
        </button>
        <button class="button first" type="submit">
          {meTexts.save}
        </button>
      </div>
    </form>
  );
}

/** Return what is missing first. */
function missingIn(from: string, until: string, substitute: number | null): Fault | null {
  if (from === "") {
    return { field: "from", message: words.fromMissing };
  }
  if (until === "") {
    return { field: "until", message: words.untilMissing };
  }
  return substitute === null ? { field: "substitute", message: words.substituteMissing } : null;
}
