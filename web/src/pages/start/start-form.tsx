import { useMemo, useState } from "preact/hooks";
import { api, type Schemas, take } from "../../api/client";
import { newKey } from "../../api/keys";
import { asProblem } from "../../api/problem";
import { Icon } from "../../components/icon";
import { ProblemNote, Skeleton } from "../../components/state";
import { useTitle } from "../../components/title";
import { focusFirstFault } from "../../form/deck";
import { Done } from "../../form/done";
import { FormDeck } from "../../form/form-deck";
import { FormFields } from "../../form/form-fields";
import { type FormField, FormState, shownFields, submission } from "../../form/form-state";
import { useMainKey } from "../../form/main-key";
import { useSending } from "../../form/sending";
import { refreshCounts } from "../../frame/counts";
import { useLoad } from "../../load";
import { texts } from "../../texts";
import { claimed, discard, pending } from "../../uploads/queue";
import { NotFound } from "../missing/not-found";
import { NextSteps, WhoSees } from "./outlook";

const words = texts.start;

/** The start form of an app. */
export function StartForm({ app: code = "" }: { app?: string }) {
  const app = useLoad(`app:${code}`, () => take(api.GET("/api/v1/apps/{app}", { params: { path: { app: code } } })));
  useTitle(app.data === null ? words.title : app.data.name);
  if (app.problem !== null && app.data === null) {
    return app.problem.status === 404 ? <NotFound /> : <ProblemNote problem={app.problem} onRetry={app.reload} />;
  }
  if (app.data === null) {
    return <Skeleton lines={6} />;
  }
  return <Filling key={`${app.data.code}:${app.data.version}`} app={app.data} />;
}

function Filling({ app }: { app: Schemas["App"] }) {
  const target = useMemo(() => ({ app: app.code, title: app.name }), [app.code, app.name]);
  const [state, setState] = useState(() => new FormState(`start:${app.code}`, app.start.defaults ?? {}));
  const revealed = state.revealed.value;
  const fields = useMemo<FormField[]>(() => {
    const hidden = new Set(app.start.hidden);
    const declared = app.fields.map((field) => ({
      ...field,
      access: app.start.fields[field.id] ?? ("hide" as const),
      hidden: hidden.has(field.id),
    }));
    return shownFields(declared, revealed);
  }, [app, revealed]);
  const [result, setResult] = useState<Schemas["WorkResult"] | null>(null);
  const [key, setKey] = useState(newKey);
  const sending = useSending(target);
  const underWay = pending(target).value;

  async function start() {
    const { values, faults } = submission(fields, state.values.value, state.drafts.value, true);
    if (faults.length > 0) {
      state.refuse(faults);
      focusFirstFault();
      return;
    }
    try {
      const found = await take(
        api.POST("/api/v1/apps/{app}/instances", {
          params: { path: { app: app.code }, header: { "Idempotency-Key": key } },
          body: { values },
        }),
      );
      state.forget();
      claimed(target);
      setResult(found);
      refreshCounts();
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

  const press = () => sending.send(words.act, start);
  useMainKey(press);

  if (result !== null) {
    return (
      <>
        <div class="top">
          <h1>{app.name}</h1>
        </div>
        <Done title={words.started(result.instance.identifier)} result={result} otherwise={null} back="/work" />
      </>
    );
  }
  return (
    <>
      <a class="crumb" href="/start">
        <Icon name="left" />
        {words.title}
      </a>
      <div class="top">
        <h1>{app.name}</h1>
        <span class="quiet small">{words.version(app.version)}</span>
      </div>
      {sending.problem !== null && <ProblemNote problem={sending.problem} onRetry={press} />}
      <div class="two">
        <form
          class="sheet"
          noValidate
          onSubmit={(event) => {
            event.preventDefault();
            press();
          }}
        >
          <div class="form">
            <FormFields fields={fields} state={state} target={target} held={{}} />
          </div>
          <FormDeck
            sending={sending}
            faults={state.faults.value}
            fields={fields}
            waits={words.waitFor(underWay)}
            idle={underWay > 0 ? texts.task.uploading(underWay) : ""}
            other={
              state.isChanged.value && (
                <button
                  class="button not-phone"
                  type="button"
                  onClick={() => {
                    if (confirm(words.discard)) {
                      state.forget();
                      discard(target);
                      setState(new FormState(`start:${app.code}`, app.start.defaults ?? {}));
                    }
                  }}
                >
                  {words.discardButton}
                </button>
              )
            }
          >
            <button class="button first" type="submit" aria-keyshortcuts="Control+Enter">
              {words.act}
              <span class="key not-phone" aria-hidden="true">
                Ctrl ⏎
              </span>
            </button>
          </FormDeck>
        </form>
        <aside class="side">
          <NextSteps steps={app.steps} />
          <WhoSees app={app} />
          {app.description !== "" && (
            <section class="sheet" aria-labelledby="about">
              <h2 id="about">{words.about}</h2>
              <p class="small quiet">{app.description}</p>
            </section>
          )}
        </aside>
      </div>
    </>
  );
}
