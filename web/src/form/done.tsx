import { useEffect, useRef } from "preact/hooks";
import { useLocation } from "preact-iso";

import type { Schemas } from "../api/client";
import { Icon } from "../components/icon";
import { texts } from "../texts";

const words = texts.task;

type Props = {
  title: string;
  result: Schemas["WorkResult"];
  /** The task that comes next where the process has none for the person: that of the list. */
  otherwise: number | null;
  /** The list to go back to where nothing comes next. */
  back: string;
};

/** What came of sending a form: the instance, what the process made, and the next task, which Enter opens. */
export function Done({ title, result, otherwise, back }: Props) {
  const { route } = useLocation();
  const first = useRef<HTMLAnchorElement>(null);
  const next = result.next_task;
  const href = next !== null ? `/tasks/${next.id}` : otherwise !== null ? `/tasks/${otherwise}` : back;
  useEffect(() => first.current?.focus(), []);
  return (
    <section class="sheet done" role="status">
      <span class="k">
        <Icon name="check" />
      </span>
      <h2>{title}</h2>
      <p>
        <a class="link" href={`/i/${result.instance.identifier}`}>
          {result.instance.identifier}
        </a>{" "}
        {result.instance.title}
        <span class="badge">{texts.instance.states[result.instance.state]}</span>
      </p>
      {next === null && result.instance.state === "running" && <p class="quiet">{words.goesOn}</p>}
      {result.made.length > 0 && (
        <p>
          {words.made}{" "}
          {result.made.map((made, index) => (
            <span key={made.id}>
              {index > 0 && ", "}
              <a class="link" href={`/i/${made.identifier}`}>
                {made.identifier}
              </a>
            </span>
          ))}
          .
        </p>
      )}
      <div class="row-of">
        <a
          class="button first"
          href={href}
          ref={first}
          onKeyDown={(event) => {
            if (event.key === "Enter") {
              event.preventDefault();
              route(href);
            }
          }}
        >
          {next !== null ? `${words.next}: ${next.name}` : otherwise !== null ? words.openNext : words.backToWork}
          <span class="key not-phone" aria-hidden="true">
            Enter
          </span>
        </a>
        <a class="button" href={`/i/${result.instance.identifier}`}>
          {words.openInstance(result.instance.identifier)}
        </a>
      </div>
    </section>
  );
}
