// What a page shows in place of its contents: loading, nothing, a problem.

import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";

import type { Problem } from "../api/problem";
import { texts } from "../texts";
import { Icon } from "./icon";
import type { IconName } from "./icons";

const PATIENCE_MS = 150;

/** Grey bars of about the height of what comes; nothing for the first 150 ms. */
export function Skeleton({ lines = 6 }: { lines?: number }) {
  const [isLate, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div class={isLate ? "skeleton shown" : "skeleton"} role="status">
      <span class="visually-hidden">{isLate ? texts.loading : ""}</span>
      {Array.from({ length: lines }, (_, line) => (
        <div key={line} class="bar-line" aria-hidden="true" />
      ))}
    </div>
  );
}

type EmptyProps = { icon: IconName; title: string; say?: string; children?: ComponentChildren; isPage?: boolean };

/** Nothing is here; what to do next. `isPage`: the title is that of the page. */
export function Empty({ icon, title, say, children, isPage = false }: EmptyProps) {
  return (
    <div class="empty">
      <span class="k">
        <Icon name={icon} />
      </span>
      {isPage ? <h1>{title}</h1> : <h2>{title}</h2>}
      {say !== undefined && <p>{say}</p>}
      {children !== undefined && <div class="row-of">{children}</div>}
    </div>
  );
}

/** What happened, and a way to try again. */
export function ProblemNote({ problem, onRetry }: { problem: Problem; onRetry?: (() => void) | undefined }) {
  return (
    <div class="note bad" role="alert">
      <Icon name="alert" />
      <div class="say">
        <b>{problem.message}</b>
        {problem.requestId !== undefined && (
          <details class="small">
            <summary>{texts.details}</summary>
            {texts.requestId(problem.requestId)}
          </details>
        )}
      </div>
      {onRetry !== undefined && (
        <button class="button" type="button" onClick={onRetry}>
          <Icon name="retry" />
          {texts.again}
        </button>
      )}
    </div>
  );
}
